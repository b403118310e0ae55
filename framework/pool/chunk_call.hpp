// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/typed_call.hpp"

#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// One task that applies a function to many elements.
namespace troupe::detail {

/// Calls a function pointer that came as an address.
template<class R, class... Ps>
struct pointer_caller {
  std::uint64_t code = 0;

  template<class... As>
  requires(sizeof...(As) == sizeof...(Ps) &&
           std::is_invocable_v<R (*)(Ps...), passed_t<Ps, As>...>) R
  operator()(As&&... arguments) const {
    return pointer_(pass<Ps>(std::forward<As>(arguments))...);
  }
  void prepare() { pointer_ = function_address<R(Ps...)>{code_address{code}}.require(); }
  R (*pointer_)(Ps...) = nullptr; // Means something only in the process that called `prepare`.
};

template<class C>
inline constexpr bool is_pointer_caller = false;
template<class R, class... Ps>
inline constexpr bool is_pointer_caller<pointer_caller<R, Ps...>> = true;

template<class F>
struct caller {
  using type = F;
  static const F& make(const F& f) { return f; }
};
template<class R, class... Ps>
struct caller<R (*)(Ps...)> {
  using type = pointer_caller<R, Ps...>;
  static type make(R (*f)(Ps...)) {
    return {.code = address_of_code(reinterpret_cast<const void*>(f)).packed};
  }
};
template<class R, class... Ps>
struct caller<R (*)(Ps...) noexcept> : caller<R (*)(Ps...)> {};

/// Elements as the worker reads them: in place where that is possible.
template<class T>
inline constexpr bool is_read_in_place =
    wire::is_raw<T> && !std::is_same_v<T, bool> && alignof(T) <= 8;
/// In a loop over them: vector<bool> gives values, all others give what lies there.
template<class T>
using element_in = std::conditional_t<is_read_in_place<T>, const T&,
                                      std::conditional_t<std::is_same_v<T, bool>, const T, T&>>;
template<class T>
using chunk_items = std::conditional_t<is_read_in_place<T>, std::span<const T>, std::vector<T>>;

/// Nothing, as the result of a function that returns void, so that there is one per element.
struct nothing {};

/// How a function is called with one element: as it lies there, or, if the function takes over what
/// cannot be copied, moved out of the message.
template<bool IsStar, class Caller, class T>
struct element_call {
  template<class>
  static constexpr bool accepts = false; // Only tuples can be spread.
};
template<class Caller, class T>
struct element_call<false, Caller, T> {
  template<class Item>
  static constexpr bool accepts = std::is_invocable_v<Caller&, Item>;
  template<class Item>
  static decltype(auto) call(Caller& f, Item&& item) {
    return f(std::forward<Item>(item));
  }
};
template<class Caller, class T>
requires requires {
  std::tuple_size<T>::value;
}
struct element_call<true, Caller, T> {
  template<class Item>
  static consteval bool fits() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::is_invocable_v<Caller&, decltype(std::get<I>(std::declval<Item>()))...>;
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  }
  template<class Item>
  static constexpr bool accepts = fits<Item>();
  template<class Item>
  static decltype(auto) call(Caller& f, Item&& item) {
    return std::apply(f, std::forward<Item>(item));
  }
};

/// What an element is passed as; void: the function cannot be called with it.
template<bool IsStar, class Caller, class T>
using passed_element = std::conditional_t<
    element_call<IsStar, Caller, T>::template accepts<const T&>, const T&,
    std::conditional_t<element_call<IsStar, Caller, T>::template accepts<T&&>, T&&, void>>;

template<bool IsStar, class Caller, class T, class As = passed_element<IsStar, Caller, T>>
struct element_result_of {
  using type = std::decay_t<decltype(element_call<IsStar, Caller, T>::call(std::declval<Caller&>(),
                                                                           std::declval<As>()))>;
};
template<bool IsStar, class Caller, class T>
struct element_result_of<IsStar, Caller, T, void> {
  using type = void;
};
template<bool IsStar, class Caller, class T>
using element_result = typename element_result_of<IsStar, Caller, T>::type;

template<bool IsStar, class Caller, class T, class Item>
decltype(auto) call_element(Caller& call, Item& item) {
  return element_call<IsStar, Caller, T>::call(
      call, static_cast<passed_element<IsStar, Caller, T>>(item));
}

/// Elements that cannot be copied, where they lie in the caller's range: a sequence to the encoder.
template<class T>
class borrowed_items {
public:
  using value_type = T;
  using size_type = std::size_t;
  class iterator {
  public:
    explicit iterator(const T* const* at) noexcept : at_{at} {}
    const T& operator*() const noexcept { return **at_; }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    bool operator==(const iterator&) const = default;

  private:
    const T* const* at_;
  };

  [[nodiscard]] iterator begin() const noexcept { return iterator{items_.data()}; }
  [[nodiscard]] iterator end() const noexcept { return iterator{items_.data() + items_.size()}; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void clear() noexcept { items_.clear(); }
  void push_back(const T& item) { items_.push_back(&item); }

private:
  std::vector<const T*> items_;
};

template<bool IsStar, class Caller, class T, class R>
void run_chunk_with(Caller& call, wire::reader& in, reply_sink& reply) {
  chunk_items<T> items;
  if (!in.read(items) || !in.at_end()) {
    throw serialization_error{"the elements of a map cannot be decoded: an inspect refuses them, "
                              "or does not read what it wrote"};
  }
  if constexpr (std::is_void_v<R>) {
    for (element_in<T> item : items) call_element<IsStar, Caller, T>(call, item);
  } else if constexpr (wire::is_raw<R> && alignof(R) <= wire::transport_alignment) {
    // Straight into the answer, which counts only once it is published as a whole.
    auto* to = wire::open_run<R>(reply.room(wire::run_size<R>(items.size())), items.size());
    for (element_in<T> item : items) *to++ = call_element<IsStar, Caller, T>(call, item);
  } else {
    std::vector<R> results;
    results.reserve(items.size());
    for (element_in<T> item : items) {
      results.push_back(call_element<IsStar, Caller, T>(call, item));
    }
    wire::encode(reply.room(wire::encoded_size(results)), results);
  }
}

/// Runs in the worker: one chunk of a map.
template<bool IsStar, class Caller, class T, class R>
void run_chunk(std::span<const std::byte> payload, reply_sink& reply) {
  wire::reader in{payload};
  if constexpr (is_pointer_caller<Caller>) {
    Caller call;
    if (!in.read(call.code)) throw serialization_error{"the function of a map cannot be decoded"};
    call.prepare();
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  } else if constexpr (std::is_empty_v<Caller>) {
    Caller call;
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  } else {
    Caller call;
    if (!in.read(call)) throw serialization_error{"the function of a map cannot be decoded"};
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  }
}

/// Encodes a chunk; as `encode_call`.
template<bool IsStar, class LargeRoom, class F, class Items>
void encode_chunk(encoded_call& out, LargeRoom&& large_room, const F& f, const Items& items) {
  using call = typename caller<F>::type;
  using T = typename Items::value_type;
  using result = element_result<IsStar, call, T>;
  out.code = code_of<&run_chunk<IsStar, call, T, result>>();
  out.profile_key = out.function = out.code;
  const auto encode_all = [&](const auto&... values) {
    out.size_bytes = wire::encoded_size(values...);
    if (out.size_bytes <= encoded_call::small_bytes_max) {
      wire::encode(std::span{out.small}.first(out.size_bytes), values...);
    } else {
      wire::encode(large_room(out.size_bytes), values...);
    }
  };
  if constexpr (is_pointer_caller<call>) {
    const auto code = caller<F>::make(f).code;
    out.function = code;
    out.profile_key = code ^ 1; // A chunk takes longer than a call of the same function.
    encode_all(code, items);
  } else if constexpr (std::is_empty_v<call>) {
    encode_all(items);
  } else {
    encode_all(f, items);
  }
}

} // namespace troupe::detail
