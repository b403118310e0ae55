// Part of Troupe; see LICENSE.

#include "troupe/process/function_address.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/detail/modules.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

namespace troupe {

namespace detail {

namespace {

constexpr int offset_bits = 48;
constexpr std::uint64_t offset_mask = (std::uint64_t{1} << offset_bits) - 1;

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

// Hashes the GNU build id among the notes of one segment; false when it is not there.
bool add_build_id(hash& out, std::uintptr_t notes, std::size_t size_bytes) {
  std::size_t at = 0;
  while (at + sizeof(ElfW(Nhdr)) <= size_bytes) {
    ElfW(Nhdr) header;
    std::memcpy(&header, pointer_to(notes + at), sizeof header);
    const auto name_at = at + sizeof header;
    const auto value_at = name_at + padded(header.n_namesz);
    const auto next = value_at + padded(header.n_descsz);
    if (next > size_bytes) return false;
    const auto* name = static_cast<const char*>(pointer_to(notes + name_at));
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(name, "GNU", 4) == 0) {
      out.add(pointer_to(notes + value_at), header.n_descsz);
      return true;
    }
    at = next;
  }
  return false;
}

std::uint64_t identity_of(const dl_phdr_info& info) {
  hash out;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    if (add_build_id(out, info.dlpi_addr + segment.p_vaddr, segment.p_memsz)) return out.value;
  }
  const std::string_view path = info.dlpi_name[0] != '\0' ? info.dlpi_name : "/proc/self/exe";
  out.add(path.data(), path.size());
  struct stat file {};
  if (::stat(std::string{path}.c_str(), &file) == 0) {
    out.add(&file.st_size, sizeof file.st_size);
    out.add(&file.st_mtim, sizeof file.st_mtim);
    out.add(&file.st_ino, sizeof file.st_ino);
  }
  return out.value;
}

std::uint16_t fold(std::uint64_t identity) {
  const auto folded = identity ^ (identity >> 16) ^ (identity >> 32) ^ (identity >> 48);
  const auto id = static_cast<std::uint16_t>(folded);
  return id == 0 ? std::uint16_t{1} : id;
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

loaded_module describe(const dl_phdr_info& info, bool is_program) {
  loaded_module out;
  out.base = info.dlpi_addr;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    out.end = std::max<std::uintptr_t>(out.end, info.dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  out.identity = identity_of(info);
  out.id = is_program ? std::uint16_t{0} : fold(out.identity);
  if (!is_program) out.path = info.dlpi_name;
  return out;
}

template<class F>
void for_each_module(F&& visit) {
  struct visitor {
    F& visit_;
    bool is_program_ = true;
  } state{visit};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& self = *static_cast<visitor*>(data);
        self.visit_(*info, self.is_program_);
        self.is_program_ = false;
        return 0;
      },
      &state);
}

// Two words per entry whose xor must give the key: a torn entry is a miss, never a wrong answer.
class pair_cache {
public:
  std::uint64_t find(std::uint64_t key) const noexcept {
    const auto& place = entries_[place_of(key)];
    // SYNC(pair_cache): relaxed; the value is pure data and the check word catches a torn pair.
    const auto value = place.value.load(std::memory_order_relaxed);
    const auto check = place.check.load(std::memory_order_relaxed);
    return (value ^ check) == key ? value : 0;
  }

  void put(std::uint64_t key, std::uint64_t value) noexcept {
    auto& place = entries_[place_of(key)];
    // SYNC(pair_cache): relaxed, as in `find`.
    place.value.store(value, std::memory_order_relaxed);
    place.check.store(value ^ key, std::memory_order_relaxed);
  }

private:
  static constexpr std::size_t size = 256;
  static std::size_t place_of(std::uint64_t key) noexcept {
    return (key * 0x9e3779b97f4a7c15) >> 56;
  }
  struct entry {
    std::atomic<std::uint64_t> value;
    std::atomic<std::uint64_t> check;
  };
  std::array<entry, size> entries_{};
};

constinit pair_cache portable_of_local;
constinit pair_cache local_of_portable;

} // namespace

std::vector<loaded_module> loaded_modules() {
  std::vector<loaded_module> out;
  for_each_module([&](const dl_phdr_info& info, bool is_program) {
    out.push_back(describe(info, is_program));
  });
  return out;
}

bool is_executable(std::uintptr_t address) {
  bool found = false;
  for_each_module([&](const dl_phdr_info& info, bool) {
    found = found || is_in_executable_segment(info, address);
  });
  return found;
}

std::string path_of_module(std::uint16_t module_id) {
  if (module_id == 0) return {};
  for (auto& module : loaded_modules()) {
    if (module.id == module_id) return module.path;
  }
  return {};
}

bool load_module(const std::string& path) {
  return ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

} // namespace detail

code_address address_of_code(const void* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  // Stored plus one: 0 means "not there", and offset 0 of module 0 is no function but a value.
  if (const auto known = detail::portable_of_local.find(address); known != 0) return {known - 1};
  std::optional<detail::loaded_module> home;
  std::size_t same_id = 0;
  detail::for_each_module([&](const dl_phdr_info& info, bool is_program) {
    if (detail::is_in_executable_segment(info, address)) home = detail::describe(info, is_program);
  });
  if (!home) throw std::invalid_argument{"the address lies in no code of this program"};
  detail::for_each_module([&](const dl_phdr_info& info, bool is_program) {
    if (detail::describe(info, is_program).id == home->id) ++same_id;
  });
  if (same_id != 1) {
    throw error{errc::unsupported, "two loaded libraries have the same 16-bit id; one of them is " +
                                       home->path + ": link it with another --build-id"};
  }
  const auto offset = address - home->base;
  if (offset > detail::offset_mask) {
    throw std::invalid_argument{"the address lies too far from the start of its module"};
  }
  const auto packed = detail::pack(home->id, offset);
  detail::portable_of_local.put(address, packed + 1);
  return {packed};
}

const void* resolve_code(code_address address) noexcept {
  if (const auto known = detail::local_of_portable.find(address.packed); known != 0) {
    return detail::pointer_to(known);
  }
  const auto id = static_cast<std::uint16_t>(address.packed >> detail::offset_bits);
  const auto offset = address.packed & detail::offset_mask;
  std::uintptr_t found = 0;
  std::size_t same_id = 0;
  try {
    detail::for_each_module([&](const dl_phdr_info& info, bool is_program) {
      if (detail::describe(info, is_program).id != id) return;
      ++same_id;
      const auto local = info.dlpi_addr + offset;
      if (detail::is_in_executable_segment(info, local)) found = local;
    });
  } catch (...) {
    return nullptr; // Out of memory; an unresolved function is an answer the caller handles.
  }
  if (found == 0 || same_id != 1) return nullptr;
  detail::local_of_portable.put(address.packed, found);
  return detail::pointer_to(found);
}

} // namespace troupe
