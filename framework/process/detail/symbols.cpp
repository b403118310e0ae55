// Part of Troupe; see LICENSE.

#include "troupe/process/detail/symbols.hpp"

#include "troupe/process/detail/debug_info.hpp"
#include "troupe/process/detail/modules.hpp"
#include "troupe/process/detail/stack_filter.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

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

/// Where an address of the dead worker lies, as far as anybody knows.
struct found_code {
  std::string module;       // File name; empty: the program.
  std::uint64_t offset = 0; // From the module's base.
  std::uintptr_t local = 0; // The same code in this process, or 0.
  bool is_known = false;
};

class code_finder {
public:
  code_finder(const std::vector<module_place>& zygote_modules,
              const std::vector<crash_library>& libraries, symbol_detail wanted)
      : zygote_modules_{zygote_modules}, libraries_{libraries} {
    if (wanted == symbol_detail::full) own_ = loaded_modules();
  }

  [[nodiscard]] found_code find(std::uint64_t address) const {
    if (const auto* module = module_of(zygote_modules_, address)) {
      const auto own = std::find_if(own_.begin(), own_.end(), [&](const loaded_module& candidate) {
        return candidate.path == module->path;
      });
      return in_own(own, short_path(module->path), address - module->base);
    }
    const auto library =
        std::find_if(libraries_.begin(), libraries_.end(), [&](const crash_library& candidate) {
          return address >= candidate.begin && address < candidate.end;
        });
    if (library == libraries_.end()) return {};
    const auto own = std::find_if(own_.begin(), own_.end(), [&](const loaded_module& candidate) {
      return candidate.identity == library->identity;
    });
    const auto name = own == own_.end() ? "library" : short_path(own->path);
    // Libraries are linked to begin at 0, so that their base is their beginning.
    return in_own(own, name, address - library->begin);
  }

private:
  [[nodiscard]] found_code in_own(std::vector<loaded_module>::const_iterator own,
                                  std::string_view module, std::uint64_t offset) const {
    found_code out{std::string{module}, offset, 0, true};
    if (own != own_.end() && own->base + offset < own->end) out.local = own->base + offset;
    return out;
  }

  const std::vector<module_place>& zygote_modules_;
  const std::vector<crash_library>& libraries_;
  std::vector<loaded_module> own_;
};

std::string text_of(const source_place& place) {
  auto out = place.function;
  if (place.file.empty()) return out;
  out += " at ";
  out += place.file;
  out += ':';
  return out += std::to_string(place.line);
}

void add_lines(std::vector<stack_line>& out, const code_finder& finder, std::uint64_t address,
               bool is_return_address) {
  const auto code = finder.find(address);
  if (!code.is_known) {
    out.push_back({{}, hex(address), {}});
    return;
  }
  std::vector<source_place> places;
  // A call that never returns may be the last instruction of its function: look before it.
  if (code.local != 0) places = places_of_code(is_return_address ? code.local - 1 : code.local);
  for (const auto& place : places) out.push_back({code.module, text_of(place), place.symbol});
  if (!places.empty()) return;
  const auto name = code.module.empty() ? std::string{"program"} : code.module;
  out.push_back({code.module, name + "+" + hex(code.offset), {}});
}

} // namespace

std::vector<std::string> symbolise(const crash_data& crash,
                                   const std::vector<module_place>& zygote_modules,
                                   symbol_detail wanted) {
  std::vector<stack_line> lines;
  if (crash.signal == 0) return {};
  const code_finder finder{zygote_modules, crash.libraries, wanted};
  // The handler's own frames come first; the crash is where the program counter stood.
  auto next = std::find(crash.frames.begin(), crash.frames.end(), crash.program_counter);
  add_lines(lines, finder, crash.program_counter, false);
  next = next == crash.frames.end() ? crash.frames.begin() : next + 1;
  for (; next != crash.frames.end(); ++next) add_lines(lines, finder, *next, true);
  return lines_for_people(lines);
}

} // namespace troupe::detail
