// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/detail/fields.hpp"
#include "troupe/ipc/detail/shapes.hpp"
#include "troupe/ipc/detail/type_name.hpp"

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

namespace troupe::wire {

/// Specialise as true for a trivially copyable class that is refused although it may travel as a
/// copy of its memory: one with a base class, with more than 32 fields, or with an operator().
template<class T>
inline constexpr bool enable_raw = false;

} // namespace troupe::wire

namespace troupe::wire::detail {

/// How a type travels. Containers are recognised by their shape, so that this header includes none.
enum class kind : std::uint8_t {
  refused,
  boolean, ///< One byte, 0 or 1.
  scalar,  ///< Number, enum, std::byte.
  empty,   ///< A class without state: one zero byte, so that a count of them is bounded.
  opaque,  ///< Trivially copyable class whose inside cannot be seen.
  array,   ///< std::array or T[N].
  tuple,   ///< std::pair or std::tuple.
  optional,
  variant,
  pointer,  ///< std::unique_ptr: nothing or a value.
  view,     ///< std::span or std::string_view.
  path,     ///< std::filesystem::path.
  bulk,     ///< Contiguous container that can be assigned from a range: string, vector.
  sequence, ///< Other container with push_back.
  set,
  map,
  inspected, ///< Has `inspect(f, x)`.
  aggregate,
};

template<class T>
consteval kind kind_of() noexcept;

/// In the wire layout, runs of these are one memcpy.
template<class T>
consteval bool raw() noexcept;

template<class T>
consteval bool usable() noexcept {
  return kind_of<T>() != kind::refused;
}

template<class T>
struct parts {
  static constexpr bool all_usable = false;
};
template<class... Ts>
struct parts<type_list<Ts...>> {
  static constexpr bool all_usable = (usable<Ts>() && ...);
  static constexpr bool all_raw = (raw<Ts>() && ...);
};
template<class... Ts>
struct parts<std::tuple<Ts...>> : parts<type_list<Ts...>> {};
template<class... Ts>
struct parts<std::variant<Ts...>> : parts<type_list<Ts...>> {};
template<class A, class B>
struct parts<std::pair<A, B>> : parts<type_list<A, B>> {};

/// Standard classes that are trivially copyable and hold no pointer; others may (iterators,
/// error codes, reference wrappers), so of namespace std only these are taken unseen.
consteval bool is_plain_std_name(std::string_view name) {
  for (std::string_view plain : {"std::chrono::", "std::complex<", "std::bitset<"}) {
    if (name.starts_with(plain)) return true;
  }
  return !name.starts_with("std::");
}

/// A trivially copyable class with private members is taken on trust, unless its shape says that
/// it points somewhere or is a function.
template<class T>
consteval bool opaque_usable() noexcept {
  if constexpr (!std::is_trivially_copyable_v<T> || !std::is_copy_constructible_v<T> ||
                !std::is_copy_assignable_v<T> || std::is_polymorphic_v<T>) {
    return false;
  } else if constexpr (
      requires { &T::operator(); } || requires(T & x) { *x; } || requires(T & x) { x.data(); } ||
      requires { typename T::element_type; }) {
    return false;
  } else {
    return is_plain_std_name(type_name<T>()) &&
           type_name<T>().find("<lambda") == std::string_view::npos;
  }
}

template<class T>
consteval kind kind_of_container() noexcept {
  using element = typename T::value_type;
  if constexpr (map_like<T>) {
    constexpr bool usable_both =
        usable<typename T::key_type>() && usable<typename T::mapped_type>();
    return usable_both ? kind::map : kind::refused;
  } else if constexpr (set_like<T>) {
    return usable<typename T::key_type>() ? kind::set : kind::refused;
  } else if constexpr (sequence_like<T> && usable<element>()) {
    constexpr bool is_bulk = bulk_like<T> && raw<element>() && !std::is_same_v<element, bool>;
    return is_bulk ? kind::bulk : kind::sequence;
  } else {
    return kind::refused;
  }
}

template<class T>
consteval kind kind_of_view() noexcept {
  using element = std::remove_cvref_t<decltype(*std::declval<T>().data())>;
  return raw<element>() ? kind::view : kind::refused;
}

template<class T>
consteval kind kind_of_aggregate() noexcept {
  if constexpr (std::is_polymorphic_v<T> || !std::is_move_assignable_v<T>) {
    return kind::refused; // Const and reference members cannot be read into.
  } else if constexpr (!has_countable_fields<T>()) {
    return kind::refused;
  } else {
    return parts<field_types<T>>::all_usable ? kind::aggregate : kind::refused;
  }
}

template<class T>
consteval kind kind_of_class() noexcept {
  if constexpr (enable_raw<T>) {
    static_assert(std::is_trivially_copyable_v<T>);
    return kind::opaque;
  } else if constexpr (is_std_array<T>) {
    return usable<typename T::value_type>() ? kind::array : kind::refused;
  } else if constexpr (is_tuple<T>) {
    return parts<T>::all_usable ? kind::tuple : kind::refused;
  } else if constexpr (is_optional<T>) {
    return usable<typename T::value_type>() ? kind::optional : kind::refused;
  } else if constexpr (is_variant<T>) {
    return parts<T>::all_usable ? kind::variant : kind::refused;
  } else if constexpr (is_view<T>) {
    return kind_of_view<T>();
  } else if constexpr (!type_name<T>().starts_with("std::") && has_inspect<T>) {
    return kind::inspected;
  } else if constexpr (std::is_empty_v<T>) {
    return std::is_default_constructible_v<T> ? kind::empty : kind::refused;
  } else if constexpr (path_like<T>) {
    return kind::path;
  } else if constexpr (unique_pointer_like<T>) {
    using element = typename T::element_type;
    return !std::is_polymorphic_v<element> && usable<element>() ? kind::pointer : kind::refused;
  } else if constexpr (container_like<T>) {
    return kind_of_container<T>();
  } else if constexpr (std::is_aggregate_v<T>) {
    return kind_of_aggregate<T>();
  } else {
    return opaque_usable<T>() ? kind::opaque : kind::refused;
  }
}

template<class T>
consteval kind kind_of() noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return kind::boolean;
  } else if constexpr (std::is_const_v<T> || std::is_volatile_v<T>) {
    return kind::refused;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return kind::scalar;
  } else if constexpr (std::is_bounded_array_v<T>) {
    return usable<std::remove_extent_t<T>>() ? kind::array : kind::refused;
  } else if constexpr (std::is_class_v<T>) {
    return kind_of_class<T>();
  } else {
    return kind::refused; // Pointers, references, functions, unions.
  }
}

template<class T>
struct element_of_array {
  using type = std::remove_extent_t<T>;
};
template<class T, std::size_t N>
struct element_of_array<std::array<T, N>> {
  using type = T;
};
template<class T>
using array_element = typename element_of_array<T>::type;

template<class T>
consteval bool raw() noexcept {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::array) {
    return raw<array_element<T>>();
  } else if constexpr (k == kind::aggregate) {
    return std::is_trivially_copyable_v<T> && parts<field_types<T>>::all_raw;
  } else {
    return k == kind::boolean || k == kind::scalar || k == kind::opaque || k == kind::empty;
  }
}

} // namespace troupe::wire::detail
