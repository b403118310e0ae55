// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <string_view>

namespace troupe::actors {

/// The catalogue as docs/builtins.md shows it.
std::string describe_builtins();

/// The catalogue for a terminal: each builtin, what it does, and its keys. With a name, only that
/// one; empty when there is none of that name.
std::string list_builtins(std::string_view name = {});

/// The same as a JSON array.
std::string builtins_json(std::string_view name = {});

} // namespace troupe::actors
