// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::detail {

/// Writes numbers and byte strings one behind the other. Both sides are the same program image, so
/// the byte order is the machine's.
class byte_packer {
public:
  template<class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void put(T value) {
    put_raw(&value, sizeof value);
  }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    put_raw(text.data(), text.size());
  }
  void put(std::span<const std::byte> bytes) {
    put(static_cast<std::uint32_t>(bytes.size()));
    put_raw(bytes.data(), bytes.size());
  }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(out_); }

private:
  void put_raw(const void* data, std::size_t size) {
    const auto at = out_.size();
    out_.resize(at + size);
    if (size != 0) std::memcpy(out_.data() + at, data, size);
  }
  std::vector<std::byte> out_;
};

/// Reads what `byte_packer` wrote. After the first thing that does not fit, everything is zero and
/// empty and `is_good()` is false.
class byte_unpacker {
public:
  explicit byte_unpacker(std::span<const std::byte> bytes) : rest_{bytes} {}

  template<class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) T take() {
    if constexpr (std::is_same_v<T, bool>) return take<std::uint8_t>() != 0;
    T value{};
    const auto raw = take_raw(sizeof value);
    if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::span<const std::byte> take_bytes() { return take_raw(take<std::uint32_t>()); }
  std::string take_text() {
    const auto raw = take_bytes();
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  /// A count of things that take at least one byte each, so never more than bytes are left.
  std::uint32_t take_count() {
    const auto count = take<std::uint32_t>();
    if (count > rest_.size()) is_good_ = false;
    return is_good_ ? count : 0;
  }

  /// Makes the rest unreadable.
  void fail() noexcept { is_good_ = false; }
  [[nodiscard]] bool is_good() const noexcept { return is_good_; }
  /// Everything was read and nothing is left.
  [[nodiscard]] bool is_complete() const noexcept { return is_good_ && rest_.empty(); }

private:
  std::span<const std::byte> take_raw(std::size_t size) {
    if (!is_good_ || size > rest_.size()) {
      is_good_ = false;
      return {};
    }
    const auto out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }

  std::span<const std::byte> rest_;
  bool is_good_ = true;
};

} // namespace troupe::detail
