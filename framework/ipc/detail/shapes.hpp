// Part of Troupe; see LICENSE.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe::wire::detail {

/// What looks like one of CAF's inspectors to an `inspect` whose shape is asked for. It is never
/// run, but has bodies: a compiler that does not optimise makes code of an `inspect` it only looks
/// at.
struct probe {
  using result_type = bool;
  static constexpr bool reads_state = true;
  static constexpr bool writes_state = false;
  static constexpr bool is_loading = false;
  struct object_probe {
    object_probe pretty_name(std::string_view) const { return {}; }
    template<class F>
    object_probe on_load(F&&) const {
      return {};
    }
    template<class F>
    object_probe on_save(F&&) const {
      return {};
    }
    template<class... Fs>
    bool fields(Fs&&...) const {
      return true;
    }
  };
  struct field_probe {
    template<class T>
    field_probe fallback(T&&) const {
      return {};
    }
    template<class T>
    field_probe invariant(T&&) const {
      return {};
    }
  };
  template<class... Fs>
  bool operator()(Fs&&...) {
    return true;
  }
  template<class T>
  object_probe object(T&) {
    return {};
  }
  template<class T>
  field_probe field(std::string_view, T&) {
    return {};
  }
};

template<class T>
concept has_inspect = std::is_class_v<T> && requires(probe& f, T& x) {
  inspect(f, x);
};

template<class T>
concept has_check = requires(const T& x) {
  { wire_valid(x) } -> std::same_as<bool>;
};

template<class T>
inline constexpr bool is_std_array = false;
template<class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = N != 0;
template<class T>
inline constexpr bool is_tuple = false;
template<class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;
template<class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template<class T>
inline constexpr bool is_optional = false;
template<class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template<class T>
inline constexpr bool is_variant = false;
template<class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = sizeof...(Ts) < 255;
template<class T>
inline constexpr bool is_view = false;
template<class T>
inline constexpr bool is_view<std::basic_string_view<T>> = true;
template<class T>
inline constexpr bool is_view<std::span<T>> = true;

template<class T>
concept path_like = requires(const T& x) {
  T::preferred_separator;
  x.native();
};

template<class T>
concept unique_pointer_like = requires(T& x) {
  typename T::element_type;
  typename T::deleter_type;
  *x; // Not to an array: nobody knows how long that is.
  { x.release() } -> std::same_as<typename T::element_type*>;
};

template<class T>
concept container_like = requires(T& x, const T& c) {
  typename T::value_type;
  typename T::size_type;
  c.begin();
  c.end();
  c.size();
  x.clear();
};

template<class T>
concept set_like = container_like<T> && requires {
  typename T::key_type;
};
template<class T>
concept map_like = set_like<T> && requires {
  typename T::mapped_type;
};
template<class T>
concept sequence_like = container_like<T> && requires(T& x, typename T::value_type v) {
  x.push_back(std::move(v));
};

template<class T>
concept bulk_like = sequence_like<T> && requires(T& x, const typename T::value_type* p) {
  { std::as_const(x).data() } -> std::same_as<const typename T::value_type*>;
  x.assign(p, p);
};

} // namespace troupe::wire::detail
