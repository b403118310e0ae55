// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/function_address.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe {

/// What a fresh worker is told besides its rings.
struct worker_setup {
  std::string pool;
  std::uint32_t slot = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t initializer_code = 0; ///< 0: none.
  std::vector<std::byte> initializer_payload;
};

std::vector<std::byte> encode_setup(const worker_setup& setup);
/// Reads what `encode_setup` of the same program wrote.
worker_setup decode_setup(std::span<const std::byte> bytes);

} // namespace troupe
