// Part of Troupe; see LICENSE.

#pragma once

#include <caf/error.hpp>

#include <exception>
#include <string>

namespace troupe::detail {

/// Returns what an exception says of itself.
std::string text_of(const std::exception_ptr& thrown);

/// Returns the reason with which an actor ends that let `thrown` escape. CAF alone would lose the
/// text.
caf::error to_caf_error(const std::exception_ptr& thrown);

/// Returns the text of a reason with which an actor has ended.
std::string text_of(const caf::error& reason);

} // namespace troupe::detail
