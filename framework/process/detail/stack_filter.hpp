// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <vector>

namespace troupe::detail {

/// One line of a stack that is being told.
struct stack_line {
  std::string module; ///< File name of the library; empty: the program.
  std::string text;   ///< "parse(job&) at /src/parse.cpp:12", or what is known.
  std::string symbol; ///< Perhaps mangled; empty: unknown.
};

/// What the user wants to see of a worker's stack: neither what the C and C++ libraries did behind
/// a call (abort, raise, the machinery of exceptions), nor our frames below the task and all that
/// called them. When nothing else is there, everything is kept.
std::vector<std::string> lines_for_people(const std::vector<stack_line>& stack);

} // namespace troupe::detail
