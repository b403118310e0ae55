// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/exception_registry.hpp"

#include <optional>
#include <string>

namespace troupe::detail {

/// Returns how the type with this mangled name travels; what a user registered goes first.
std::optional<exception_codec> find_exception_codec(const std::string& type);

/// The same for the exceptions of the standard library and of Troupe; null if it is none of them.
const exception_codec* find_standard_codec(const std::string& type) noexcept;

} // namespace troupe::detail
