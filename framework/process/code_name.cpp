// Part of Troupe; see LICENSE.

#define BOOST_STACKTRACE_LINK
#include "troupe/process/code_name.hpp"

#include <boost/stacktrace/frame.hpp>

#include <cstddef>
#include <map>
#include <mutex>

namespace troupe {

namespace {

constexpr std::size_t names_max = 4096;

} // namespace

std::string name_of_code(code_address address) {
  static std::mutex mutex;
  static std::map<std::uint64_t, std::string> known;
  const std::lock_guard lock{mutex};
  // Addresses of stacks come from workers, which may send any number of them.
  if (known.size() >= names_max) known.clear();
  auto& name = known[address.packed];
  if (!name.empty()) return name;
  const void* const code = resolve_code(address);
  if (code == nullptr) return name = "a function of a library that is not loaded";
  const boost::stacktrace::frame frame{code};
  name = frame.name().empty() ? "a function without a name" : frame.name();
  if (!frame.source_file().empty()) {
    name += " at ";
    name += frame.source_file();
    name += ':';
    name += std::to_string(frame.source_line());
  }
  return name;
}

} // namespace troupe
