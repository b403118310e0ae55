// Part of Troupe; see LICENSE.

#include "troupe/process/function_address.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/detail/libraries.hpp"
#include "troupe/process/detail/modules.hpp"

#include <array>
#include <atomic>
#include <stdexcept>

namespace troupe {

namespace {

using detail::code_offset_bits;
using detail::code_offset_mask;

// Two words per entry whose xor must give the key and the age: a torn entry is a miss, never a
// wrong answer. The age is 0 for what stays as it is, else the number of libraries unloaded so far:
// what was said before the last of them went does not count any more.
class pair_cache {
public:
  std::uint64_t find(std::uint64_t key, std::uint64_t age) const noexcept {
    const auto& place = entries_[place_of(key)];
    // SYNC(pair_cache): relaxed; the value is pure data and the check word catches a torn pair.
    const auto value = place.value.load(std::memory_order_relaxed);
    const auto check = place.check.load(std::memory_order_relaxed);
    return (value ^ check) == sealed(key, age) ? value : 0;
  }

  void put(std::uint64_t key, std::uint64_t age, std::uint64_t value) noexcept {
    auto& place = entries_[place_of(key)];
    // SYNC(pair_cache): relaxed, as in `find`.
    place.value.store(value, std::memory_order_relaxed);
    place.check.store(value ^ sealed(key, age), std::memory_order_relaxed);
  }

private:
  static constexpr std::size_t size = 256;
  static constexpr std::uint64_t mixer = 0x9e3779b97f4a7c15;
  static std::size_t place_of(std::uint64_t key) noexcept { return (key * mixer) >> 56; }
  static std::uint64_t sealed(std::uint64_t key, std::uint64_t age) noexcept {
    return key ^ (age * mixer);
  }
  struct entry {
    std::atomic<std::uint64_t> value;
    std::atomic<std::uint64_t> check;
  };
  std::array<entry, size> entries_{};
};

constinit pair_cache portable_of_local;
constinit pair_cache local_of_portable;

constexpr std::uint64_t ageless = 0;

std::uint64_t age_now() noexcept {
  return detail::unload_count() + 1;
}

const void* pointer_to(std::uintptr_t address) noexcept {
  return reinterpret_cast<const void*>(address); // NOLINT(performance-no-int-to-ptr)
}

expected<detail::loaded_module> module_of(std::uint16_t number) {
  return number == 0 ? detail::loaded_modules().front() : detail::loaded_library(number);
}

expected<const void*> look_up(code_address address) {
  const auto known = local_of_portable.find(address.packed, ageless);
  if (known != 0) return pointer_to(known);
  const auto age = age_now();
  const auto lately = local_of_portable.find(address.packed, age);
  if (lately != 0) return pointer_to(lately);
  const auto module = module_of(static_cast<std::uint16_t>(address.packed >> code_offset_bits));
  if (!module) return module.error();
  const auto local = module->base + (address.packed & code_offset_mask);
  const auto home = detail::module_with_code_at(local);
  if (!home || home->base != module->base || home->begin != module->begin) {
    return failure{errc::bad_data, "there is no code at that place of '" + module->path + "'", 0};
  }
  local_of_portable.put(address.packed, home->is_permanent ? ageless : age, local);
  return pointer_to(local);
}

} // namespace

code_address address_of_code(const void* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  // Stored plus one: 0 means "not there", and offset 0 of module 0 is no function but a value.
  const auto known = portable_of_local.find(address, ageless);
  if (known != 0) return {known - 1};
  const auto age = age_now();
  const auto lately = portable_of_local.find(address, age);
  if (lately != 0) return {lately - 1};
  const auto home = detail::module_with_code_at(address);
  if (!home) throw std::invalid_argument{"the address lies in no code of this program"};
  const auto offset = address - home->base;
  if (offset > code_offset_mask) {
    throw std::invalid_argument{"the address lies too far from the start of its module"};
  }
  const auto packed = detail::pack(detail::number_of(*home), offset);
  portable_of_local.put(address, home->is_permanent ? ageless : age, packed + 1);
  return {packed};
}

const void* resolve_code(code_address address) noexcept {
  try {
    const auto found = look_up(address);
    return found ? *found : nullptr;
  } catch (...) {
    return nullptr; // Out of memory; an unresolved function is an answer the caller handles.
  }
}

const void* require_code(code_address address) {
  const auto found = look_up(address);
  if (found) return *found;
  throw error{with_context(found.error(), "cannot call a function")};
}

} // namespace troupe
