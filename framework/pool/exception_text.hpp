// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace troupe {

/// Returns what() of somebody's exception, shortened to `size_max`, whatever it does: a null one is
/// "(what() is null)". One that throws would end the process, for what() is noexcept; that is
/// prevented while no other terminate handler than this library's is set.
/// @pre `e` is the exception that is being handled
std::string text_of_exception(const std::exception& e, std::size_t size_max);

/// The same for the exception that is being handled, whatever it is: numbers and strings are told
/// by their value.
std::string text_of_current_exception(std::size_t size_max);

} // namespace troupe
