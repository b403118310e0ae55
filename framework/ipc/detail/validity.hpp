// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/wire_types.hpp"

#include <cstring>

namespace troupe::wire::detail {

/// Asks the type's own `wire_valid`, if it has one.
template<class T>
bool is_accepted(const T& value) {
  if constexpr (has_check<T>) {
    return wire_valid(value);
  } else {
    return true;
  }
}

/// Whether the content of `value`, already in our own memory, is a value of its type.
template<class T>
bool is_valid(const T& value) {
  constexpr auto k = kind_of<T>();
  if constexpr (!needs_check<T>()) {
    return true;
  } else if constexpr (k == kind::boolean) {
    std::uint8_t bits{}; // Looking at a bool that is neither 0 nor 1 would be undefined.
    std::memcpy(&bits, &value, 1);
    return bits <= 1;
  } else {
    if constexpr (k == kind::array) {
      for (const auto& one : value) {
        if (!is_valid(one)) return false;
      }
    } else if constexpr (k == kind::aggregate) {
      const auto all = [](const auto&... fields) { return (is_valid(fields) && ...); };
      if (!visit_fields(value, all)) return false;
    }
    return is_accepted(value);
  }
}

} // namespace troupe::wire::detail
