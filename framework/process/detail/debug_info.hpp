// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::detail {

/// A function, and where in its source.
struct source_place {
  std::string function; ///< Readable.
  std::string symbol;   ///< As the linker knows it, perhaps mangled.
  std::string file;     ///< Empty: no debug information.
  int line = 0;
};

/// Names the code at `address` of this process: one place, or more where functions are inlined, the
/// innermost first; empty when neither symbols nor debug information know it.
///
/// The debug information is read once for the process and kept: it takes tens of megabytes for a
/// large program, and is never given back. It is read again, a few times at most, for code of
/// libraries that came later. It is not read when a limit of address space (`ulimit -v`) leaves
/// little room: functions that are exported are named even then. Throws std::bad_alloc.
///
/// Threads: any; one at a time. Blocks: while others ask, and to read the debug information.
std::vector<source_place> places_of_code(std::uintptr_t address);

} // namespace troupe::detail
