// Part of Troupe; see LICENSE.

#pragma once

#include <string_view>

namespace troupe {

/// Whether this errno says that a limit or the machine has no more of something: it may be there a
/// moment later, and nobody's code is to blame.
bool is_shortage(int os_error) noexcept;

/// What is short, and what can be done: "out of open files: raise the limit (ulimit -n)". Empty for
/// an errno that is no shortage.
std::string_view shortage_text(int os_error) noexcept;

} // namespace troupe
