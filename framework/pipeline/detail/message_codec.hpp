// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/fingerprint.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe::pipeline::detail {

/// Text and raw bytes travel as they are, so that pools in every language read them; all other
/// types travel in the wire format.
template<class T>
inline constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;
template<class T>
inline constexpr bool is_bytes =
    std::is_same_v<T, std::vector<std::byte>> || std::is_same_v<T, std::span<const std::byte>>;
template<class T>
inline constexpr bool is_text_like = is_text<T> || is_bytes<T>;

template<class T>
bytes_view raw_bytes(const T& value) {
  if constexpr (is_text<T>) {
    return as_bytes(std::string_view{value});
  } else {
    return bytes_view{value};
  }
}

/// Appends `value` to a packed block without a copy in between; returns its size.
template<class T>
std::size_t pack_value(std::vector<std::byte>& block, const T& value) {
  const auto bytes = wire::encoded_size(value);
  const auto size = static_cast<std::uint32_t>(bytes);
  const auto at = block.size();
  block.resize(at + packed_prefix_bytes + bytes);
  std::memcpy(block.data() + at, &size, packed_prefix_bytes);
  try {
    wire::encode(std::span{block}.subspan(at + packed_prefix_bytes), value);
  } catch (...) {
    block.resize(at); // Half a message would be read as the beginning of others.
    throw;
  }
  return bytes;
}

/// Reads a message as the type a worker wants. Views in `T` point into the message, or into
/// `scratch` when the message does not lie as the wire format needs it.
template<class T>
T unpack_value(bytes_view message, std::vector<std::byte>& scratch) {
  if constexpr (is_text<T>) {
    return T{as_text(message)};
  } else if constexpr (is_bytes<T>) {
    return T{message.begin(), message.end()};
  } else {
    if (auto value = wire::decode<T>(message)) return *std::move(value);
    constexpr std::size_t alignment = 64;
    scratch.resize(message.size() + alignment);
    const auto address = reinterpret_cast<std::uintptr_t>(scratch.data());
    const auto skip = (alignment - address % alignment) % alignment;
    if (!message.empty()) std::memcpy(scratch.data() + skip, message.data(), message.size());
    return wire::decode<T>(std::span{scratch}.subspan(skip, message.size())).value();
  }
}

/// What the type check of the pipeline compares.
template<class T>
message_type describe_type() {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (is_text<T>) {
    return {"string", 0};
  } else if constexpr (is_bytes<T>) {
    return {"bytes", 0};
  } else {
    return {std::string{wire::type_name<T>()}, wire::fingerprint<T>()};
  }
}

} // namespace troupe::pipeline::detail
