// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace troupe::wire::detail {

/// Largest number of fields of an aggregate that is taken apart without an `inspect`.
inline constexpr std::size_t field_count_max = 32;

template<class... Ts>
struct type_list {};

// What only decltype and requires name is defined all the same, and never runs: clang 14 and 15
// count it as used, and refuse what is used, not defined, and takes a type of an unnamed namespace.

/// Converts to anything but `T` itself; finds fields that `{}` cannot initialise.
template<class T>
struct any_field {
  template<class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, T>) operator F() const noexcept { std::abort(); }
};

/// Converts to the base classes of `T` only; finds aggregates that have one.
template<class T>
struct any_base {
  template<class B>
  requires(std::is_base_of_v<B, T> && !std::is_same_v<B, T>) operator B() const noexcept {
    std::abort();
  }
};

template<class T>
concept has_base = requires(any_base<T> base) {
  T{base};
};

// A pack cannot expand to `{}, {}, {}` nor name structured bindings, hence the lists.
// clang-format off
#define TROUPE_WIRE_ACCEPTS(n, ...)                                                                \
  if constexpr (N == n) return Last ? requires { T{__VA_ARGS__, any_field<T>{}}; }                 \
                                    : requires { T{__VA_ARGS__}; };
#define TROUPE_WIRE_BIND(n, ...)                                                                   \
  if constexpr (field_count<T> == n) {                                                             \
    auto& [__VA_ARGS__] = value;                                                                   \
    return visitor(__VA_ARGS__);                                                                   \
  }

/// Whether `T` can be made from `N` times `{}`, and one thing more if `Last`.
template<class T, std::size_t N, bool Last>
consteval bool accepts() {
  TROUPE_WIRE_ACCEPTS(1, {})
  TROUPE_WIRE_ACCEPTS(2, {}, {})
  TROUPE_WIRE_ACCEPTS(3, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(4, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(5, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(6, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(7, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(8, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(9, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(10, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(11, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(12, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(13, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(14, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(15, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(16, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(17, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(18, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(19, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {})
  TROUPE_WIRE_ACCEPTS(20, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {})
  TROUPE_WIRE_ACCEPTS(21, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {})
  TROUPE_WIRE_ACCEPTS(22, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(23, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(24, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(25, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(26, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(27, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(28, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(29, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(30, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(31, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(32, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  TROUPE_WIRE_ACCEPTS(33, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
                   {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
  return false;
}

/// `{}` initialises exactly one field whatever its type is, an array too, so the largest number of
/// them that `T` accepts is the number of its fields.
template<class T, std::size_t N = 0>
consteval std::size_t count_fields() {
  if constexpr (accepts<T, N + 1, false>()) {
    return count_fields<T, N + 1>();
  } else {
    return N;
  }
}

template<class T>
inline constexpr std::size_t field_count = count_fields<T>();

/// Whether the fields of the aggregate `T` can be found: it has no base class, and each of its at
/// most `field_count_max` fields can be value-initialised.
template<class T>
consteval bool has_countable_fields() {
  if constexpr (!requires { T{}; }) {
    return false;
  } else if constexpr (has_base<T>) {
    return false;
  } else if constexpr (field_count<T> == 0 || field_count<T> > field_count_max) {
    return false;
  } else {
    return !accepts<T, field_count<T>, true>();
  }
}

/// Calls `visitor(field...)` with all fields of the aggregate `value`, or of its const version.
template<class T, class C, class F>
  requires std::is_same_v<std::remove_const_t<C>, T>
constexpr decltype(auto) visit_fields_as(C& value, F&& visitor) {
  TROUPE_WIRE_BIND(1, f0)
  TROUPE_WIRE_BIND(2, f0, f1)
  TROUPE_WIRE_BIND(3, f0, f1, f2)
  TROUPE_WIRE_BIND(4, f0, f1, f2, f3)
  TROUPE_WIRE_BIND(5, f0, f1, f2, f3, f4)
  TROUPE_WIRE_BIND(6, f0, f1, f2, f3, f4, f5)
  TROUPE_WIRE_BIND(7, f0, f1, f2, f3, f4, f5, f6)
  TROUPE_WIRE_BIND(8, f0, f1, f2, f3, f4, f5, f6, f7)
  TROUPE_WIRE_BIND(9, f0, f1, f2, f3, f4, f5, f6, f7, f8)
  TROUPE_WIRE_BIND(10, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9)
  TROUPE_WIRE_BIND(11, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10)
  TROUPE_WIRE_BIND(12, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11)
  TROUPE_WIRE_BIND(13, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12)
  TROUPE_WIRE_BIND(14, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13)
  TROUPE_WIRE_BIND(15, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14)
  TROUPE_WIRE_BIND(16, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15)
  TROUPE_WIRE_BIND(17, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16)
  TROUPE_WIRE_BIND(18, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17)
  TROUPE_WIRE_BIND(19, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18)
  TROUPE_WIRE_BIND(20, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19)
  TROUPE_WIRE_BIND(21, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20)
  TROUPE_WIRE_BIND(22, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21)
  TROUPE_WIRE_BIND(23, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22)
  TROUPE_WIRE_BIND(24, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23)
  TROUPE_WIRE_BIND(25, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24)
  TROUPE_WIRE_BIND(26, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25)
  TROUPE_WIRE_BIND(27, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26)
  TROUPE_WIRE_BIND(28, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27)
  TROUPE_WIRE_BIND(29, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28)
  TROUPE_WIRE_BIND(30, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29)
  TROUPE_WIRE_BIND(31, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30)
  TROUPE_WIRE_BIND(32, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16,
                   f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31)
}

#undef TROUPE_WIRE_ACCEPTS
#undef TROUPE_WIRE_BIND
// clang-format on

template<class C, class F>
constexpr decltype(auto) visit_fields(C& value, F&& visitor) {
  return visit_fields_as<std::remove_const_t<C>>(value, visitor);
}

struct list_types {
  template<class... Fs>
  type_list<Fs...> operator()(const Fs&...) const {
    return {};
  }
};

/// The types of the fields of the aggregate `T`, as a `type_list`.
template<class T>
using field_types = decltype(visit_fields(std::declval<T&>(), list_types{}));

} // namespace troupe::wire::detail
