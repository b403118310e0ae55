// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <string>
#include <vector>

namespace troupe::detail {

/// How much is wanted of a frame.
enum class symbol_detail {
  full,  ///< Function, file and line, as far as the debug information goes.
  quick, ///< Module and offset only.
};

/// Turns a worker's last words into lines like "#0 parse(job&) at /src/parse.cpp:12", innermost
/// first, as `lines_for_people` wants them. Addresses are translated from the worker's layout to
/// ours; what lies in no known module, or cannot be named, is shown as module and offset.
///
/// The first call for `full` reads the debug information, which takes long for a large program;
/// later ones are quick.
std::vector<std::string> symbolise(const crash_data& crash,
                                   const std::vector<module_place>& zygote_modules,
                                   symbol_detail wanted);

} // namespace troupe::detail
