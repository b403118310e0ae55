// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <string>
#include <vector>

namespace troupe::detail {

/// Turns a worker's last words into lines like "#0 parse(job&) at /src/parse.cpp:12", innermost
/// first. Addresses are translated from the zygote's layout to ours; what lies in no known module,
/// or cannot be named, is shown as module and offset.
///
/// Always called by the same thread: the debug information is kept per thread. The first call
/// reads it, which takes tens of milliseconds for a large program; later ones are quick.
std::vector<std::string> symbolise(const crash_data& crash,
                                   const std::vector<module_place>& zygote_modules);

} // namespace troupe::detail
