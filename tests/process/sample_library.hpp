// Part of Troupe; see LICENSE.

#pragma once

namespace troupe_sample {

/// Twice `value`; lives in a shared library.
int twice(int value);
/// Writes to address 0.
int crash_in_library();
/// Throws std::runtime_error.
void throw_in_library();

} // namespace troupe_sample
