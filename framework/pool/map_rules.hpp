// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/chunk_call.hpp"

#include <iterator>
#include <type_traits>

/// To what a function may be applied in other processes; see call_rules.hpp.
namespace troupe::detail {

/// Whether `f` can be applied to elements of type `T`; else the compilation stops with a sentence.
template<bool IsStar, class F, class T>
consteval bool is_element_call() {
  using function = std::decay_t<F>;
  using call = typename caller<function>::type;
  if constexpr (!is_function_of_task<function>()) {
    return false;
  } else if constexpr (!pointer_traits<function>::are_parameters_readable) {
    static_assert(always_false<F>, "troupe: a task cannot change the caller's objects: take "
                                   "parameters by value or const&");
    return false;
  } else if constexpr (!wire::decodable<T>) {
    wire::require_decodable<T>();
    return false;
  } else if constexpr (std::is_void_v<passed_element<IsStar, call, T>>) {
    static_assert(always_false<F>,
                  "troupe: the function cannot be called with the elements of this range: map "
                  "passes one element by value or const&, starmap and map of two ranges spread it");
    return false;
  } else {
    return is_result<element_result<IsStar, call, T>>();
  }
}

/// Whether the elements of a range stay where they are, but cannot be copied.
template<class Range>
inline constexpr bool is_borrowed =
    !std::is_copy_constructible_v<element_t<Range>> &&
    std::is_lvalue_reference_v<decltype(*std::begin(std::declval<Range&>()))> &&
    std::is_same_v<std::remove_cvref_t<decltype(*std::begin(std::declval<Range&>()))>,
                   element_t<Range>>;

/// Whether `f` can be applied to the elements of `Range`; else the compilation stops with a
/// sentence.
template<bool IsStar, class F, class Range>
consteval bool is_map_call() {
  if constexpr (!range_like<Range> || range_like<F>) {
    static_assert(always_false<F>, "troupe: map takes the function first, then a range (or two) of "
                                   "elements to apply it to");
    return false;
  } else if constexpr (!is_borrowed<Range> &&
                       !std::is_constructible_v<element_t<Range>,
                                                decltype(*std::begin(std::declval<Range&>()))>) {
    static_assert(always_false<F>, "troupe: the elements of this range can neither be copied nor "
                                   "used where they are; put what one call needs into one range "
                                   "of values");
    return false;
  } else {
    return is_element_call<IsStar, F, element_t<Range>>();
  }
}

/// The same for the elements of two ranges, side by side.
template<class F, class First, class Second>
consteval bool is_pair_map_call() {
  if constexpr (!range_like<First> || !range_like<Second>) {
    return is_map_call<true, F, int>();
  } else if constexpr (!std::is_constructible_v<element_t<First>,
                                                decltype(*std::begin(std::declval<First&>()))> ||
                       !std::is_constructible_v<element_t<Second>,
                                                decltype(*std::begin(std::declval<Second&>()))>) {
    static_assert(always_false<F>, "troupe: map of two ranges copies their elements, which these "
                                   "do not allow; put them into one range of pairs for starmap");
    return false;
  } else {
    return true;
  }
}

} // namespace troupe::detail
