// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/ipc/detail/writer.hpp"
#include "troupe/ipc/wire_reader.hpp"

#include <vector>

/// The wire format: values as bytes in shared memory and on pipes, for processes of one build.
///
/// Values follow each other without gaps. A raw type (see `is_raw`) is its memory. A container or
/// string is a count of 32 bits and its elements; raw elements start at a multiple of their
/// alignment, and of 64 if they fill 4096 bytes or more, counted from the start of the message.
/// An optional or unique_ptr is a byte 0 or 1, a variant a byte with its index, then the value.
///
/// A transport places a message at a multiple of 8, and one of 4096 bytes or more at one of 64.
namespace troupe::wire {

/// Returns the exact number of bytes that the values take as one message.
/// @throws serialization_error for what no message can hold: more than 2^32-1 elements, a variant
/// without value, objects with `inspect` nested more than 100 deep.
template<class... Ts>
[[nodiscard]] constexpr std::size_t encoded_size(const Ts&... values) {
  (require_encodable<Ts>(), ...);
  if constexpr (detail::all_fixed<Ts...>) {
    return detail::size_min<Ts...>;
  } else {
    detail::sizer sizes;
    (detail::put(sizes, values), ...);
    return sizes.position();
  }
}

/// Writes the values as one message to the start of `room` and returns the bytes used.
/// Name the types (`encode<std::string>(room, "x")`) to convert the values to them first.
/// @pre `room.size() >= encoded_size(values...)`
template<class... Ts>
std::size_t encode(std::span<std::byte> room, const Ts&... values) {
  (require_encodable<Ts>(), ...);
  if constexpr (detail::all_fixed<Ts...>) TROUPE_ASSERT(detail::size_min<Ts...> <= room.size());
  detail::writer<!detail::all_fixed<Ts...>> out{room};
  (detail::put(out, values), ...);
  return out.position();
}

/// Returns the values as one message in memory of its own.
template<class... Ts>
[[nodiscard]] std::vector<std::byte> to_bytes(const Ts&... values) {
  std::vector<std::byte> bytes(encoded_size<Ts...>(values...));
  encode<Ts...>(bytes, values...);
  return bytes;
}

/// "42 bytes are no valid X (stopped at byte 7)".
failure malformed(std::string_view type, std::size_t size, std::size_t position);

/// Makes the one `T` that `bytes` hold, all of them, or says that they do not.
template<class T>
[[nodiscard]] expected<T> decode(std::span<const std::byte> bytes) {
  require_decodable<T>();
  reader source{bytes};
  T value{};
  if (!source.read(value) || !source.at_end()) {
    return malformed(type_name<T>(), bytes.size(), source.position());
  }
  return value;
}

} // namespace troupe::wire
