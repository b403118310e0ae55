// Part of Troupe; see LICENSE.

#include "troupe/process/code_name.hpp"

#include "troupe/process/detail/debug_info.hpp"

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
  const auto places = detail::places_of_code(reinterpret_cast<std::uintptr_t>(code));
  if (places.empty()) return name = "a function without a name";
  // What is inlined there is at a line of the function itself.
  const auto& place = places.back();
  name = place.function;
  if (!place.file.empty()) {
    name += " at ";
    name += place.file;
    name += ':';
    name += std::to_string(place.line);
  }
  return name;
}

} // namespace troupe
