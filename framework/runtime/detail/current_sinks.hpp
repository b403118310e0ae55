// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/output_sinks.hpp"

namespace troupe::detail {

/// The sinks of this process. Never destroyed: a program may end while a line is being given to
/// them.
output_sinks& current_sinks();

} // namespace troupe::detail
