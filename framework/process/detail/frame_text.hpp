// Part of Troupe; see LICENSE.

#pragma once

#include <string_view>

namespace troupe::detail {

/// What a line of a stack says, as views of the line.
struct frame_text {
  std::string_view name;  ///< "ns::parse<int>", without result, arguments and qualifiers.
  std::string_view place; ///< "/src/parse.cpp:12", or empty.
};

/// Takes "#1 void ns::parse<int>(job&) const at /src/parse.cpp:12" apart, with or without number
/// and place. The function is written as the C++ library demangles it: operators, results that are
/// functions or arrays, and names inside of functions are understood. Any text has an answer.
frame_text parse_frame(std::string_view line);

} // namespace troupe::detail
