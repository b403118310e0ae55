// Part of Troupe; see LICENSE.

#define BOOST_STACKTRACE_LINK
#include "troupe/process/code_name.hpp"

#include <boost/stacktrace/frame.hpp>

#include <map>
#include <mutex>

namespace troupe {

std::string name_of_code(code_address address) {
  static std::mutex mutex;
  static std::map<std::uint64_t, std::string> known; // Bounded by the functions of the program.
  const std::lock_guard lock{mutex};
  auto& name = known[address.packed];
  if (!name.empty()) return name;
  const void* const code = resolve_code(address);
  if (code == nullptr) return name = "a function of a library that is not loaded";
  const boost::stacktrace::frame frame{code};
  name = frame.name().empty() ? "a function without a name" : frame.name();
  if (!frame.source_file().empty()) {
    name += " at " + frame.source_file() + ":" + std::to_string(frame.source_line());
  }
  return name;
}

} // namespace troupe
