// Part of Troupe; see LICENSE.

#define BOOST_STACKTRACE_LINK

#include "troupe/process/detail/symbols.hpp"

#include "troupe/process/detail/modules.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include <boost/stacktrace/frame.hpp>

namespace troupe::detail {

namespace {

std::string hex(std::uint64_t value) {
  char text[24] = {};
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string_view short_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

const module_place* module_of(const std::vector<module_place>& modules, std::uint64_t address) {
  const auto found = std::find_if(modules.begin(), modules.end(), [&](const module_place& module) {
    return address >= module.base && address < module.end;
  });
  return found == modules.end() ? nullptr : &*found;
}

// Where the same code lies in this process, or 0.
std::uint64_t to_local(const module_place& module, std::uint64_t address,
                       const std::vector<loaded_module>& own) {
  const auto found = std::find_if(own.begin(), own.end(), [&](const loaded_module& candidate) {
    return candidate.path == module.path;
  });
  if (found == own.end()) return 0;
  const auto local = address - module.base + found->base;
  return local < found->end ? local : 0;
}

std::string describe(std::uint64_t address, bool is_return_address,
                     const std::vector<module_place>& modules,
                     const std::vector<loaded_module>& own) {
  const auto* module = module_of(modules, address);
  if (module == nullptr) return hex(address);
  const auto name = module->path.empty() ? std::string_view{"program"} : short_path(module->path);
  std::string fallback{name};
  fallback += '+';
  fallback += hex(address - module->base);
  const auto local = to_local(*module, address, own);
  if (local == 0) return fallback;
  // A call that never returns may be the last instruction of its function: look before it.
  const auto looked_up = is_return_address ? local - 1 : local;
  const boost::stacktrace::frame frame{
      reinterpret_cast<const void*>(looked_up)}; // NOLINT(performance-no-int-to-ptr)
  auto out = frame.name();
  if (out.empty()) return fallback;
  if (const auto file = frame.source_file(); !file.empty()) {
    out += " at ";
    out += file;
    out += ':';
    out += std::to_string(frame.source_line());
  }
  return out;
}

} // namespace

std::vector<std::string> symbolise(const crash_data& crash,
                                   const std::vector<module_place>& zygote_modules,
                                   symbol_detail wanted) {
  std::vector<std::string> out;
  if (crash.signal == 0) return out;
  std::vector<loaded_module> own;
  if (wanted == symbol_detail::full) own = loaded_modules();
  const auto add = [&](std::uint64_t address, bool is_return_address) {
    std::string line = "#";
    line += std::to_string(out.size());
    line += ' ';
    line += describe(address, is_return_address, zygote_modules, own);
    out.push_back(std::move(line));
  };
  // The handler's own frames come first; the crash is where the program counter stood.
  auto next = std::find(crash.frames.begin(), crash.frames.end(), crash.program_counter);
  add(crash.program_counter, false);
  next = next == crash.frames.end() ? crash.frames.begin() : next + 1;
  for (; next != crash.frames.end(); ++next) add(*next, true);
  return out;
}

} // namespace troupe::detail
