// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/wire_types.hpp"

namespace troupe::wire::detail {

/// CAF passes notes (`caf::meta::type_name("x")`) among the fields; they carry nothing to send.
template<class T>
inline constexpr bool is_annotation = type_name<T>().starts_with("caf::meta::");

/// A field with a name, as `f.field("name", x)` makes it.
template<class T>
struct named_field {
  T& value;
  template<class U>
  named_field fallback(U&&) const {
    return *this;
  }
  template<class P>
  named_field invariant(P&&) const {
    return *this;
  }
};

template<class T>
inline constexpr bool is_named_field = false;
template<class T>
inline constexpr bool is_named_field<named_field<T>> = true;

/// The part that all inspectors share: both of CAF's styles end in `Derived::handle(fields...)`.
template<class Derived, bool Loads>
class inspector_base {
public:
  using result_type = bool;
  static constexpr bool reads_state = !Loads;
  static constexpr bool writes_state = Loads;
  static constexpr bool is_loading = Loads;

  template<class Load, class Save>
  struct object_fields {
    inspector_base& owner;
    Load load;
    Save save;
    object_fields pretty_name(std::string_view) const { return *this; }
    template<class F>
    auto on_load(F callback) const {
      return object_fields<F, Save>{owner, callback, save};
    }
    template<class F>
    auto on_save(F callback) const {
      return object_fields<Load, F>{owner, load, callback};
    }
    template<class... Fs>
    bool fields(Fs&&... all) const {
      if constexpr (!Loads) {
        if (!save()) return false;
      }
      if (!owner(all...)) return false;
      if constexpr (Loads) {
        return load();
      } else {
        return true;
      }
    }
  };

  template<class T>
  auto object(T&) {
    constexpr auto nothing = [] { return true; };
    return object_fields<decltype(nothing), decltype(nothing)>{*this, nothing, nothing};
  }

  template<class T>
  named_field<T> field(std::string_view, T& value) {
    return {value};
  }

  template<class... Fs>
  bool operator()(Fs&&... all) {
    if constexpr ((std::size_t{0} + ... + !is_annotation<std::remove_cvref_t<Fs>>) == 0) {
      return static_cast<Derived*>(this)->nothing();
    } else {
      return (one(all) && ...);
    }
  }

private:
  /// Calls what CAF allows: nothing to return, a bool, or an error that is false if there is none.
  template<class F>
  static bool succeeds(F& callback) {
    using result = decltype(callback());
    if constexpr (std::is_void_v<result>) {
      callback();
      return true;
    } else if constexpr (std::is_same_v<result, bool>) {
      return callback();
    } else {
      return !static_cast<bool>(callback());
    }
  }

  template<class F>
  bool one(F& field) {
    using bare = std::remove_cvref_t<F>;
    if constexpr (is_named_field<bare>) {
      return one(field.value);
    } else if constexpr (is_annotation<bare>) {
      constexpr auto prefix = Loads ? "caf::meta::load_callback" : "caf::meta::save_callback";
      if constexpr (type_name<bare>().starts_with(prefix)) {
        return succeeds(field.fun);
      } else {
        return true;
      }
    } else {
      static_assert(!Loads || !std::is_const_v<F>,
                    "troupe: inspect must pass the fields themselves");
      require_encodable<bare>();
      return static_cast<Derived*>(this)->handle(field);
    }
  }
};

} // namespace troupe::wire::detail
