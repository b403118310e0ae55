// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe::pipeline::detail {

using bytes_view = std::span<const std::byte>;

inline bytes_view as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

inline std::string_view as_text(bytes_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Appends fixed-size numbers and length-prefixed texts to a buffer, in this machine's byte order:
/// both ends are processes of one machine.
class byte_writer {
public:
  explicit byte_writer(std::vector<std::byte>& out) : out_{&out} {}

  template<class T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(std::as_bytes(std::span{&value, 1}));
  }
  void raw(bytes_view bytes) { out_->insert(out_->end(), bytes.begin(), bytes.end()); }
  void sized(bytes_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void text(std::string_view value) { sized(as_bytes(value)); }

private:
  std::vector<std::byte>* out_;
};

/// Reads what `byte_writer` wrote. Bad bytes are data, not a bug: the first read past the end makes
/// the reader bad, and every read of a bad reader gives zeros.
class byte_reader {
public:
  explicit byte_reader(bytes_view in) : in_{in} {}

  template<class T>
  T number() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const auto bytes = raw(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  bytes_view raw(std::size_t size) {
    if (is_bad_ || size > in_.size()) {
      is_bad_ = true;
      return {};
    }
    const auto bytes = in_.first(size);
    in_ = in_.subspan(size);
    return bytes;
  }
  bytes_view sized() { return raw(number<std::uint32_t>()); }
  std::string_view text() { return as_text(sized()); }
  bytes_view rest() { return raw(in_.size()); }

  [[nodiscard]] bool is_bad() const { return is_bad_; }
  [[nodiscard]] std::size_t left() const { return in_.size(); }

private:
  bytes_view in_;
  bool is_bad_ = false;
};

} // namespace troupe::pipeline::detail
