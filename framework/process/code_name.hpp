// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/function_address.hpp"

#include <string>

namespace troupe {

/// Names the code at `address` for people, the start of a function or any place in it:
/// "parse(job&) at parse.cpp:12", with as much as the symbols and the debug information of this
/// program tell. Remembers its answers; the first one
/// reads the debug information, which takes long for a large program. Threads: any.
std::string name_of_code(code_address address);

} // namespace troupe
