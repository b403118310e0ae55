// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/any_worker.hpp"
#include "troupe/pipeline/detail/message_codec.hpp"
#include "troupe/pipeline/detail/signature.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::pipeline::detail {

// A message in the type a function wants, valid during the call.
template<class T>
T as_argument(bytes_view message, std::vector<std::byte>& scratch) {
  return unpack_value<T>(message, scratch);
}

template<class R>
void emit_result(emitter& out, R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (std::is_same_v<typename result_message<T>::type, T>) {
    out(result);
  } else if constexpr (requires { result.has_value(); }) {
    if (result) out(*result);
  } else {
    for (const auto& each : result) out(each);
  }
}

// Gives a user's function the kind of emitter it asks for.
template<class E, class F>
decltype(auto) with_emitter(emitter& out, F&& f) {
  if constexpr (std::is_same_v<E, emitter>) {
    return f(out);
  } else {
    E typed{out};
    return f(typed);
  }
}

template<class S, class F>
void call(F&& f, bytes_view message, emitter& out, std::vector<std::byte>& scratch) {
  using in = argument<S, 0>;
  if constexpr (S::arity == 2) {
    with_emitter<argument<S, 1>>(out, [&](auto& to) { f(as_argument<in>(message, scratch), to); });
  } else if constexpr (std::is_void_v<typename S::result>) {
    f(as_argument<in>(message, scratch));
  } else {
    emit_result(out, f(as_argument<in>(message, scratch)));
  }
}

template<auto F>
class function_worker final : public any_worker {
  using sig = signature_of<std::decay_t<decltype(F)>>;
  static_assert(sig::arity == 1 || sig::arity == 2,
                "a worker function takes one message, and perhaps an emitter");

public:
  using input = argument<sig, 0>;
  using output = typename decltype(output_of<sig, 1>())::type;
  static constexpr worker_role role = worker_role::transform;
  void apply(bytes_view message, emitter& out) override { call<sig>(F, message, out, scratch_); }

private:
  std::vector<std::byte> scratch_;
};

template<class T>
concept source_class = requires {
  &T::produce;
};
template<class T>
concept aggregation_class = requires {
  &T::add;
};
template<class T>
concept sink_class = requires {
  &T::write;
};
template<class T>
concept expander_class = requires {
  &T::expand;
};
template<class T>
concept has_state = requires {
  &T::save;
  &T::load;
};

template<class T>
std::unique_ptr<T> make_object(const worker_config& config) {
  if constexpr (std::is_constructible_v<T, const worker_config&>) {
    return std::make_unique<T>(config);
  } else {
    static_assert(std::is_default_constructible_v<T>,
                  "a worker class has a constructor without arguments or one that takes const "
                  "troupe::worker_config&");
    return std::make_unique<T>();
  }
}

// Owns the user's object, and moves its state in and out.
template<class T>
class object_worker : public any_worker {
public:
  explicit object_worker(const worker_config& config) : object_{make_object<T>(config)} {}

  void load(bytes_view state) override {
    if constexpr (has_state<T>) {
      using S = argument<signature_of<decltype(&T::load)>, 0>;
      object_->load(unpack_value<S>(state, scratch_));
    }
  }
  void save(std::vector<std::byte>& out) override {
    if constexpr (has_state<T>) {
      const auto state = object_->save();
      if constexpr (is_text_like<std::remove_cvref_t<decltype(state)>>) {
        const auto bytes = raw_bytes(state);
        out.assign(bytes.begin(), bytes.end());
      } else {
        out = wire::to_bytes(state);
      }
    }
  }
  [[nodiscard]] bool commits_each_job() const override {
    if constexpr (requires {
                    { T::commits_each_job } -> std::convertible_to<bool>;
                  }) {
      return T::commits_each_job;
    } else {
      return !aggregation_class<T>;
    }
  }

protected:
  std::unique_ptr<T> object_;
  std::vector<std::byte> scratch_;
};

template<class T>
class source_worker final : public object_worker<T> {
  static_assert(has_state<T>, "a source has save() and load(): its cursor");
  using sig = signature_of<decltype(&T::produce)>;

public:
  using object_worker<T>::object_worker;
  using input = void;
  using output = typename emitter_message<argument<sig, 0>>::type;
  static constexpr worker_role role = worker_role::source;
  bool produce(emitter& out) override {
    return with_emitter<argument<sig, 0>>(out,
                                          [&](auto& to) { return this->object_->produce(to); });
  }
};

template<class T>
class transform_worker final : public object_worker<T> {
  using sig = signature_of<decltype(&T::operator())>;

public:
  using object_worker<T>::object_worker;
  using input = argument<sig, 0>;
  using output = typename decltype(output_of<sig, 1>())::type;
  static constexpr worker_role role = worker_role::transform;
  void apply(bytes_view message, emitter& out) override {
    call<sig>(*this->object_, message, out, this->scratch_);
  }
};

template<class T>
class expander_worker final : public object_worker<T> {
  using sig = signature_of<decltype(&T::expand)>;

public:
  using object_worker<T>::object_worker;
  using input = argument<sig, 0>;
  using output = typename emitter_message<argument<sig, 2>>::type;
  static constexpr worker_role role = worker_role::transform;
  bool expand(bytes_view message, std::string& cursor, emitter& out) override {
    return with_emitter<argument<sig, 2>>(out, [&](auto& to) {
      return this->object_->expand(as_argument<input>(message, this->scratch_), cursor, to);
    });
  }
};

template<class T>
class aggregation_worker final : public object_worker<T> {
  static_assert(has_state<T>, "an aggregation has save() and load(): its table");
  using sig = signature_of<decltype(&T::add)>;
  using emit_sig = signature_of<decltype(&T::emit)>;

public:
  using object_worker<T>::object_worker;
  using input = argument<sig, 0>;
  using output = typename emitter_message<argument<emit_sig, 0>>::type;
  static constexpr worker_role role = worker_role::aggregation;
  void apply(bytes_view message, emitter& out) override {
    const auto add = [&](auto&&... args) {
      this->object_->add(std::forward<decltype(args)>(args)...);
    };
    if constexpr (sig::arity == 2) {
      with_emitter<argument<sig, 1>>(
          out, [&](auto& to) { add(as_argument<input>(message, this->scratch_), to); });
    } else {
      add(as_argument<input>(message, this->scratch_));
    }
  }
  void finish(emitter& out) override {
    with_emitter<argument<emit_sig, 0>>(out, [&](auto& to) { this->object_->emit(to); });
  }
};

template<class T>
class sink_worker final : public object_worker<T> {
  using sig = signature_of<decltype(&T::write)>;

public:
  using object_worker<T>::object_worker;
  using input = argument<sig, 0>;
  using output = void;
  static constexpr worker_role role = worker_role::sink;
  void apply(bytes_view message, emitter&) override {
    this->object_->write(as_argument<input>(message, this->scratch_));
  }
};

template<class T>
consteval auto adapter_of() {
  if constexpr (source_class<T>) {
    return std::type_identity<source_worker<T>>{};
  } else if constexpr (aggregation_class<T>) {
    return std::type_identity<aggregation_worker<T>>{};
  } else if constexpr (sink_class<T>) {
    return std::type_identity<sink_worker<T>>{};
  } else if constexpr (expander_class<T>) {
    return std::type_identity<expander_worker<T>>{};
  } else {
    return std::type_identity<transform_worker<T>>{};
  }
}

template<class Adapter>
worker_entry describe(const char* name) {
  worker_entry entry;
  entry.name = name;
  entry.role = Adapter::role;
  entry.input = [] { return describe_type<typename Adapter::input>(); };
  entry.output = [] { return describe_type<typename Adapter::output>(); };
  entry.make = [](const worker_config& config) -> std::unique_ptr<any_worker> {
    if constexpr (std::is_constructible_v<Adapter, const worker_config&>) {
      return std::make_unique<Adapter>(config);
    } else {
      return std::make_unique<Adapter>();
    }
  };
  return entry;
}

/// Two overloads, so that one macro takes a function and a class.
template<class T>
worker_entry make_entry(const char* name) {
  return describe<typename decltype(adapter_of<T>())::type>(name);
}
template<auto F>
worker_entry make_entry(const char* name) {
  return describe<function_worker<F>>(name);
}

} // namespace troupe::pipeline::detail
