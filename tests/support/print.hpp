// Part of Troupe; see LICENSE.

#pragma once

#include <ostream>
#include <type_traits>

namespace troupe {

/// Lets BOOST_TEST print our enums by their words.
template<class Enum>
requires std::is_enum_v<Enum> && requires(Enum value) {
  to_string(value);
}
std::ostream& operator<<(std::ostream& out, Enum value) {
  return out << to_string(value);
}

} // namespace troupe
