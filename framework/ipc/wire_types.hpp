// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/detail/kinds.hpp"

#include <cstddef>

namespace troupe::wire {

namespace detail {

/// Payloads are placed at multiples of this by every transport.
inline constexpr std::size_t base_alignment = 8;
/// A run of raw elements of this size or more starts at a multiple of `big_run_alignment`.
inline constexpr std::size_t big_run_size_bytes = 4096;
inline constexpr std::size_t big_run_alignment = 64;
/// How deep objects with an `inspect` may contain each other; bounds the stack.
inline constexpr int nesting_max = 100;

/// Bytes in front of a run of `size` bytes of elements aligned to `alignment`, at `position`.
constexpr std::size_t padding(std::size_t position, std::size_t size, std::size_t alignment) {
  if (size == 0) return 0;
  const auto wanted = size >= big_run_size_bytes ? big_run_alignment : alignment;
  return (0 - position) & (wanted - 1);
}

/// Where the elements of a run begin that is a message of its own.
template<class E>
constexpr std::size_t run_start(std::size_t count) noexcept {
  constexpr auto counted = sizeof(std::uint32_t);
  return counted + padding(counted, count * sizeof(E), alignof(E));
}

struct extent {
  std::size_t size_min; ///< No value takes fewer bytes.
  bool is_fixed;        ///< All values take exactly `size_min` bytes.
};

template<class T>
consteval extent extent_of() noexcept;

template<class T>
struct sum;
template<class... Ts>
struct sum<type_list<Ts...>> {
  static constexpr extent value{(std::size_t{0} + ... + extent_of<Ts>().size_min),
                                (extent_of<Ts>().is_fixed && ...)};
};
template<class... Ts>
struct sum<std::tuple<Ts...>> : sum<type_list<Ts...>> {};
template<class A, class B>
struct sum<std::pair<A, B>> : sum<type_list<A, B>> {};

template<class T>
consteval extent extent_of() noexcept {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::empty) {
    return {1, true};
  } else if constexpr (raw<T>()) {
    return {sizeof(T), true};
  } else if constexpr (k == kind::array) {
    constexpr auto one = extent_of<array_element<T>>();
    return {one.size_min * (sizeof(T) / sizeof(array_element<T>)), one.is_fixed};
  } else if constexpr (k == kind::tuple) {
    return sum<T>::value;
  } else if constexpr (k == kind::aggregate) {
    return sum<field_types<T>>::value;
  } else if constexpr (k == kind::optional || k == kind::variant || k == kind::pointer ||
                       k == kind::inspected) {
    return {1, false};
  } else {
    return {sizeof(std::uint32_t), false}; // The count in front of a run.
  }
}

template<class... Ts>
inline constexpr bool all_fixed = (extent_of<Ts>().is_fixed && ...);
template<class... Ts>
inline constexpr std::size_t size_min = (std::size_t{0} + ... + extent_of<Ts>().size_min);

template<class T>
consteval bool needs_check() noexcept;
template<class T>
struct any_checked;
template<class... Ts>
struct any_checked<type_list<Ts...>> {
  static constexpr bool value = (needs_check<Ts>() || ...);
};

/// Whether some bytes are no value of the raw type `T`: it holds a bool, or a type with a
/// `bool wire_valid(const T&)` of its own.
template<class T>
consteval bool needs_check() noexcept {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::boolean || has_check<T>) {
    return true;
  } else if constexpr (k == kind::array) {
    return needs_check<array_element<T>>();
  } else if constexpr (k == kind::aggregate) {
    return any_checked<field_types<T>>::value;
  } else {
    return false;
  }
}

template<class T>
consteval bool readable() noexcept;
template<class T>
struct all_readable;
template<class... Ts>
struct all_readable<type_list<Ts...>> {
  static constexpr bool value = (readable<Ts>() && ...);
};
template<class... Ts>
struct all_readable<std::tuple<Ts...>> : all_readable<type_list<Ts...>> {};
template<class... Ts>
struct all_readable<std::variant<Ts...>> : all_readable<type_list<Ts...>> {};
template<class A, class B>
struct all_readable<std::pair<A, B>> : all_readable<type_list<A, B>> {};

/// A view is read in place, so its elements must be const, valid whatever their bytes are, and
/// aligned no more than every payload is.
template<class T>
consteval bool view_readable() noexcept {
  using element = std::remove_reference_t<decltype(*std::declval<T>().data())>;
  return std::is_const_v<element> && !needs_check<std::remove_const_t<element>>() &&
         alignof(element) <= base_alignment;
}

template<class T>
consteval bool readable() noexcept {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::refused) {
    return false;
  } else if constexpr (k == kind::array) {
    return readable<array_element<T>>();
  } else if constexpr (!std::is_default_constructible_v<T>) {
    return false;
  } else if constexpr (k == kind::view) {
    return view_readable<T>();
  } else if constexpr (k == kind::tuple || k == kind::variant) {
    return all_readable<T>::value;
  } else if constexpr (k == kind::aggregate) {
    return all_readable<field_types<T>>::value;
  } else if constexpr (k == kind::pointer) {
    return readable<typename T::element_type>() && requires {
      T(new typename T::element_type());
    };
  } else if constexpr (k == kind::map) {
    return readable<typename T::key_type>() && readable<typename T::mapped_type>();
  } else if constexpr (k == kind::optional || k == kind::bulk || k == kind::sequence ||
                       k == kind::set) {
    return readable<typename T::value_type>();
  } else {
    return true;
  }
}

} // namespace detail

namespace detail {

template<class T>
struct any_looks_at_bytes {
  static constexpr bool value = false;
};

template<class T>
consteval bool looks_at_bytes() noexcept {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::array) {
    return looks_at_bytes<array_element<T>>();
  } else if constexpr (k == kind::tuple || k == kind::variant) {
    return any_looks_at_bytes<T>::value;
  } else if constexpr (k == kind::aggregate) {
    return any_looks_at_bytes<field_types<T>>::value;
  } else if constexpr (k == kind::pointer) {
    return looks_at_bytes<typename T::element_type>();
  } else if constexpr (k == kind::map) {
    return looks_at_bytes<typename T::key_type>() || looks_at_bytes<typename T::mapped_type>();
  } else if constexpr (k == kind::optional || k == kind::bulk || k == kind::sequence ||
                       k == kind::set) {
    return looks_at_bytes<std::remove_const_t<typename T::value_type>>();
  } else {
    return k == kind::view;
  }
}

template<class... Ts>
struct any_looks_at_bytes<type_list<Ts...>> {
  static constexpr bool value = (looks_at_bytes<Ts>() || ...);
};
template<class... Ts>
struct any_looks_at_bytes<std::tuple<Ts...>> : any_looks_at_bytes<type_list<Ts...>> {};
template<class... Ts>
struct any_looks_at_bytes<std::variant<Ts...>> : any_looks_at_bytes<type_list<Ts...>> {};
template<class A, class B>
struct any_looks_at_bytes<std::pair<A, B>> : any_looks_at_bytes<type_list<A, B>> {};

} // namespace detail

/// Whether a `T` that was read looks at the bytes it was read from: it is a view, or holds one.
/// What an `inspect` hides is not seen.
template<class T>
inline constexpr bool looks_at_bytes = detail::looks_at_bytes<T>();

/// What can be turned into bytes: numbers, enums, trivially copyable classes, aggregates of up to
/// 32 encodable fields, standard containers and std::array, pair, tuple, optional, variant,
/// unique_ptr, path, durations and time points of encodable elements, types with an
/// `inspect(f, x)`, and views (std::span, std::string_view) of raw elements.
/// A type that contains itself (a tree) needs an `inspect`; without, asking is a compile error.
template<class T>
concept encodable = detail::usable<std::remove_const_t<T>>();

/// What can be made from bytes: what is encodable and default-constructible. A view comes back as a
/// view into the bytes; its elements must be const, hold no bool, and be aligned to at most 8.
template<class T>
concept decodable = detail::readable<T>();

/// Whether a `T` travels as a copy of its memory. A class with private members counts if it is
/// trivially copyable: what is inside is its author's promise (no pointers). Such a class with a
/// bool or a narrow enum inside, read from a process that is not trusted, wants an `inspect`.
template<class T>
inline constexpr bool is_raw = detail::raw<T>();

/// Whether every `T` takes the same number of bytes, known when compiling.
template<class T>
inline constexpr bool is_fixed_size = detail::extent_of<T>().is_fixed;

/// Stops the compilation with a sentence that says why `T`, or which part of it, cannot travel; the
/// compiler's "required from" lines name the types around that part.
template<class T>
consteval void require_encodable();

namespace detail {

template<class... Ts>
consteval void explain_parts(std::type_identity<type_list<Ts...>>) {
  (require_encodable<Ts>(), ...);
}
template<template<class...> class List, class... Ts>
consteval void explain_parts(std::type_identity<List<Ts...>>) {
  (require_encodable<Ts>(), ...);
}

/// Goes to the part of the class `T` that is to blame.
template<class T>
consteval void explain() {
  constexpr bool is_list = is_tuple<T> || is_variant<T> || is_optional<T>;
  if constexpr (is_list) {
    explain_parts(std::type_identity<T>{});
  } else if constexpr (map_like<T>) {
    explain_parts(std::type_identity<type_list<typename T::key_type, typename T::mapped_type>>{});
  } else if constexpr (set_like<T> || sequence_like<T> || is_std_array<T>) {
    require_encodable<typename T::value_type>();
  } else if constexpr (std::is_aggregate_v<T>) {
    static_assert(!has_base<T>,
                  "troupe: an aggregate with a base class cannot be taken apart; give "
                  "it an inspect");
    static_assert(std::is_move_assignable_v<T>,
                  "troupe: const or reference members cannot be received; give it an inspect");
    static_assert(has_countable_fields<T>(),
                  "troupe: this aggregate cannot be taken apart: it has more than 32 fields or one "
                  "without default constructor; give it an inspect, or specialise enable_raw");
    if constexpr (!has_base<T> && std::is_move_assignable_v<T> && has_countable_fields<T>()) {
      explain_parts(std::type_identity<field_types<T>>{});
    }
  } else {
    static_assert(
        encodable<T>,
        "troupe: this type cannot travel between processes: it is not trivially copyable, "
        "or it holds pointers, is a function object or a lambda with captures. Give it "
        "`template<class Inspector> bool inspect(Inspector& f, T& x) { return f(x.a, "
        "x.b); }`");
  }
}

} // namespace detail

template<class T>
consteval void require_encodable() {
  constexpr bool is_pointer =
      std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;
  static_assert(!std::is_reference_v<T>,
                "troupe: a reference means nothing in another process; send the value");
  static_assert(!is_pointer,
                "troupe: a pointer means nothing in another process; send the value, a "
                "std::unique_ptr, std::string or std::span");
  static_assert(!std::is_union_v<T>,
                "troupe: a union does not say which member it holds; use std::variant");
  static_assert(std::is_class_v<T> || std::is_reference_v<T> || is_pointer || std::is_union_v<T> ||
                    encodable<T>,
                "troupe: this is not a value that can travel between processes");
  if constexpr (std::is_class_v<T> && !encodable<T>) detail::explain<std::remove_cv_t<T>>();
}

/// Stops the compilation with a sentence that says why `T` cannot be made from bytes.
template<class T>
consteval void require_decodable() {
  require_encodable<T>();
  static_assert(!encodable<T> || decodable<T>,
                "troupe: this type can be sent but not received: it, or a part of it, is not "
                "default-constructible, or is a view whose elements are not const, hold a bool, or "
                "are aligned to more than 8 bytes");
}

} // namespace troupe::wire
