// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/ipc/detail/writer.hpp"
#include "troupe/ipc/wire_reader.hpp"

#include <optional>
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
/// without value, objects with `inspect` nested more than 100 deep, one whose `inspect` returns
/// false.
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

/// What a transport aligns every message to at least.
inline constexpr std::size_t transport_alignment = 8;

/// One message of a std::vector<E> that is filled where it lies: its size, and the place of its
/// elements once the count is written. For elements that are their own bytes.
template<class E>
[[nodiscard]] constexpr std::size_t run_size(std::size_t count) noexcept {
  static_assert(is_raw<E>);
  return detail::run_start<E>(count) + count * sizeof(E);
}
/// @pre `room.size() >= run_size<E>(count)`, count < 2^32; `room` lies as a transport places it
template<class E>
[[nodiscard]] E* open_run(std::span<std::byte> room, std::size_t count) {
  static_assert(is_raw<E> && alignof(E) <= transport_alignment);
  detail::writer<true> out{room};
  detail::put_count(out, count);
  out.skip(detail::run_start<E>(count) - out.position());
  return reinterpret_cast<E*>(room.data() + out.position());
}

/// Appends the elements of a message of one std::vector<E> to `all`. Returns what is wrong with
/// the bytes, which leaves `all` as it was, or nothing.
template<class E>
[[nodiscard]] std::optional<failure> append(std::span<const std::byte> bytes, std::vector<E>& all) {
  static_assert(is_raw<E> && !std::is_same_v<E, bool>);
  reader source{bytes};
  const auto before = all.size();
  if (source.read_more(all) && source.at_end()) return std::nullopt;
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  return malformed(type_name<std::vector<E>>(), bytes.size(), source.position());
}

} // namespace troupe::wire
