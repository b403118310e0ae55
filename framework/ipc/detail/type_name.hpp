// Part of Troupe; see LICENSE.

#pragma once

#include <string_view>

namespace troupe::wire {

namespace detail {

template<class T>
constexpr const char* function_name() noexcept {
  return __PRETTY_FUNCTION__;
}

} // namespace detail

/// Returns the compiler's spelling of `T`: the same in every process of one build.
template<class T>
constexpr std::string_view type_name() noexcept {
  const auto whole = std::string_view{detail::function_name<T>()};
  const auto begin = whole.find("T = ") + 4;
  return whole.substr(begin, whole.size() - 1 - begin);
}

} // namespace troupe::wire
