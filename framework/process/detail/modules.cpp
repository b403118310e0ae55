// Part of Troupe; see LICENSE.

#include "troupe/process/detail/modules.hpp"

#include "troupe/os/mapped_file.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

namespace troupe::detail {

namespace {

// What a person writes with --build-id=0x… is shorter; the linkers' own hashes have 8, 16 or 20.
constexpr std::size_t build_id_bytes_min = 8;

// FNV-1a, 64 bits: stable over processes, good enough to tell libraries apart.
struct hash {
  std::uint64_t value = 0xcbf29ce484222325;
  void add(const void* data, std::size_t size_bytes) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size_bytes; ++i) value = (value ^ bytes[i]) * 0x100000001b3;
  }
};

// Addresses come as numbers from the program headers.
const void* pointer_to(std::uintptr_t address) noexcept {
  return reinterpret_cast<const void*>(address); // NOLINT(performance-no-int-to-ptr)
}

std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// The GNU build id among the notes of one segment; empty when it is not there.
std::span<const unsigned char> build_id_in(std::uintptr_t notes, std::size_t size_bytes) {
  std::size_t at = 0;
  while (at + sizeof(ElfW(Nhdr)) <= size_bytes) {
    ElfW(Nhdr) header;
    std::memcpy(&header, pointer_to(notes + at), sizeof header);
    const auto name_at = at + sizeof header;
    const auto value_at = name_at + padded(header.n_namesz);
    const auto next = value_at + padded(header.n_descsz);
    if (next > size_bytes) return {};
    const auto* name = static_cast<const char*>(pointer_to(notes + name_at));
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(name, "GNU", 4) == 0) {
      return {static_cast<const unsigned char*>(pointer_to(notes + value_at)), header.n_descsz};
    }
    at = next;
  }
  return {};
}

std::span<const unsigned char> build_id_of(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto id = build_id_in(info.dlpi_addr + segment.p_vaddr, segment.p_memsz);
    if (!id.empty()) return id;
  }
  return {};
}

// Size, time of change and number of its file stand in for the build id of a library that has none
// worth the name; nothing of its path, which is told in more than one way.
void identify_by_file(loaded_module& module, std::span<const unsigned char> short_id) {
  auto path = module.is_program ? std::string{"/proc/self/exe"} : module.path;
  bool is_there = true;
  if (!module.is_program) {
    if (const auto file = os::file_mapped_at(module.begin)) {
      path = file->path;
      is_there = !file->is_deleted;
    }
  }
  hash out;
  out.add(short_id.data(), short_id.size());
  struct stat file {};
  if (is_there && ::stat(path.c_str(), &file) == 0) {
    out.add(&file.st_size, sizeof file.st_size);
    out.add(&file.st_mtim, sizeof file.st_mtim);
    out.add(&file.st_ino, sizeof file.st_ino);
    module.build = "no build id, " + std::to_string(file.st_size) + " bytes, changed at " +
                   std::to_string(file.st_mtim.tv_sec);
  } else {
    out.add(path.data(), path.size());
    module.build = "no build id";
  }
  module.identity = out.value;
}

bool is_in_executable_segment(const dl_phdr_info& info, std::uintptr_t address) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    const auto begin = info.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 && address >= begin &&
        address - begin < segment.p_memsz) {
      return true;
    }
  }
  return false;
}

// The loader lists modules in the order in which they were loaded: these came with the program.
std::size_t permanent_modules = 0;

[[gnu::constructor(101)]] void count_permanent_modules() {
  ::dl_iterate_phdr(
      [](dl_phdr_info*, std::size_t, void*) {
        ++permanent_modules;
        return 0;
      },
      nullptr);
}

loaded_module describe(const dl_phdr_info& info, std::size_t index) {
  loaded_module out;
  out.base = info.dlpi_addr;
  out.begin = UINTPTR_MAX;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    out.begin = std::min(out.begin, begin);
    out.end = std::max<std::uintptr_t>(out.end, begin + segment.p_memsz);
  }
  out.is_program = index == 0;
  out.is_permanent = index < permanent_modules;
  if (!out.is_program) out.path = info.dlpi_name;
  const auto id = build_id_of(info);
  if (id.size() < build_id_bytes_min) {
    identify_by_file(out, id);
    return out;
  }
  hash identity;
  identity.add(id.data(), id.size());
  out.identity = identity.value;
  out.build = "build id " + hex(id);
  return out;
}

// Calls `visit(info, index)` for each module until it returns true.
template<class F>
void for_each_module(F&& visit) {
  struct visitor {
    F& visit_;
    std::size_t index_ = 0;
  } state{visit};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& self = *static_cast<visitor*>(data);
        return self.visit_(*info, self.index_++) ? 1 : 0;
      },
      &state);
}

} // namespace

std::vector<loaded_module> loaded_modules() {
  std::vector<loaded_module> out;
  for_each_module([&](const dl_phdr_info& info, std::size_t index) {
    out.push_back(describe(info, index));
    return false;
  });
  return out;
}

std::optional<loaded_module> module_with_code_at(std::uintptr_t address) {
  std::optional<loaded_module> out;
  for_each_module([&](const dl_phdr_info& info, std::size_t index) {
    if (is_in_executable_segment(info, address)) out = describe(info, index);
    return out.has_value();
  });
  return out;
}

std::optional<loaded_module> library_with_identity(std::uint64_t identity) {
  for (auto& module : loaded_modules()) {
    if (!module.is_program && module.identity == identity) return std::move(module);
  }
  return std::nullopt;
}

std::uint64_t unload_count() noexcept {
  std::uint64_t out = 0;
  for_each_module([&](const dl_phdr_info& info, std::size_t) {
    out = info.dlpi_subs;
    return true;
  });
  return out;
}

std::uint64_t load_count() noexcept {
  std::uint64_t out = 0;
  for_each_module([&](const dl_phdr_info& info, std::size_t) {
    out = info.dlpi_adds;
    return true;
  });
  return out;
}

std::string exported_symbol_at(std::uintptr_t address) {
  Dl_info found{};
  const bool is_known = ::dladdr(pointer_to(address), &found) != 0 && found.dli_sname != nullptr;
  return is_known ? found.dli_sname : "";
}

expected<loaded_module> load_library(const std::string& path, symbol_scope scope) {
  const int visibility = scope == symbol_scope::local ? RTLD_LOCAL : RTLD_GLOBAL;
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | visibility);
  if (handle == nullptr) {
    const char* const why = ::dlerror();
    return failure{errc::start_failed, why != nullptr ? why : "the loader does not say why", 0};
  }
  const link_map* place = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&place)) == 0) {
    for (auto& module : loaded_modules()) {
      if (module.base == place->l_addr && module.path == place->l_name) return std::move(module);
    }
  }
  return failure{errc::start_failed, "the loader does not say where it put '" + path + "'", 0};
}

void hold_library(const loaded_module& library) noexcept {
  static_cast<void>(::dlopen(library.path.c_str(), RTLD_NOW | RTLD_NOLOAD));
}

} // namespace troupe::detail
