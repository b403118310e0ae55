// Part of Troupe; see LICENSE.

#pragma once

#include <typeinfo>
#include <vector>

namespace troupe::detail {

/// The type of the exception that is being handled, then its public base classes, nearest first.
/// What std::throw_with_nested wraps counts as what was given to it. Empty for an exception of
/// another language.
std::vector<const std::type_info*> types_of_current_exception();

} // namespace troupe::detail
