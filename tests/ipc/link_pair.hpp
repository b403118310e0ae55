// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/arena.hpp"
#include "troupe/ipc/host_end.hpp"
#include "troupe/ipc/pieces.hpp"
#include "troupe/ipc/worker_end.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace troupe::test {

inline constexpr std::size_t input_bytes = 1u << 20;

/// Both ends of a link in one process. The worker's end has mappings of its own, as in a worker, so
/// that writing what it may only read ends the test.
struct link_pair {
  explicit link_pair(std::size_t output_bytes)
      : host{ipc::host_end::create(output_bytes)}, input{os::shared_memory::create(
                                                       "test-input", input_bytes,
                                                       os::write_access::creator)},
        worker{std::make_unique<ipc::worker_end>(
            map(host->request_descriptor(), sizeof(ipc::request_region), false),
            map(host->response_descriptor(), sizeof(ipc::response_region), true),
            map(input.descriptor(), input_bytes, false), map(host->output_descriptor(), 1, true),
            os::event_fd{host->doorbell().duplicate().value()})},
        blocks{input_bytes} {}

  static os::shared_memory map(const os::fd& descriptor, std::size_t size_min, bool is_writable) {
    return os::shared_memory::map(descriptor, size_min, is_writable).value();
  }

  /// Sends the bytes by the way their size asks for; false when the input arena has no room.
  bool send(std::uint64_t code, std::span<const std::byte> bytes, std::uint64_t tag) {
    ipc::outgoing_payload out{.bytes = bytes};
    if (bytes.size() > ipc::body_bytes_max) {
      if (!blocks.has_room_for(bytes.size(), sizeof(ipc::piece_header))) return false;
      out = {
          .bytes = {}, .arena_size = static_cast<std::uint32_t>(bytes.size()), .is_in_arena = true};
      if (const auto offset = blocks.allocate(bytes.size())) {
        std::memcpy(input.data() + *offset, bytes.data(), bytes.size());
        out.arena_offset = *offset;
      } else {
        const auto pieces = blocks.allocate_pieces(bytes.size(), sizeof(ipc::piece_header));
        ipc::write_pieces(input.bytes(), pieces, bytes);
        out.arena_offset = pieces.front().offset;
        out.is_in_pieces = true;
        ++sent_in_pieces;
      }
    }
    (void)host->send(code, out, tag);
    return true;
  }

  /// The bytes of a job as they stand in the ring.
  [[nodiscard]] std::vector<std::byte> sent_bytes(std::uint64_t position) const {
    const auto payload = host->payload_at(position);
    if (!payload.is_in_arena) return {payload.bytes.begin(), payload.bytes.end()};
    std::vector<std::byte> out(payload.arena_size);
    if (payload.is_in_pieces) {
      ipc::read_pieces(input.bytes(), payload.arena_offset, out);
    } else {
      std::memcpy(out.data(), input.data() + payload.arena_offset, out.size());
    }
    return out;
  }

  /// Takes back the input block of a job that is answered or revoked.
  void release_input(std::uint64_t position) {
    if (!host->is_in_arena(position)) return;
    const auto payload = host->payload_at(position);
    blocks.release(payload.arena_offset, payload.arena_size);
  }

  std::unique_ptr<ipc::host_end> host;
  os::shared_memory input;
  std::unique_ptr<ipc::worker_end> worker;
  ipc::arena blocks; // Of the input.
  std::uint64_t sent_in_pieces = 0;
};

/// What a job is made of: its code says how many bytes go out and come back, and which.
struct job_recipe {
  std::uint32_t seed = 0;
  std::uint32_t payload_bytes = 0; // At most 2^16 - 1, as the other.
  std::uint32_t answer_bytes = 0;

  [[nodiscard]] std::uint64_t code() const {
    return std::uint64_t{seed} << 32 | payload_bytes << 16 | answer_bytes;
  }
  static job_recipe of(std::uint64_t code) {
    return {static_cast<std::uint32_t>(code >> 32), static_cast<std::uint32_t>(code >> 16 & 0xffff),
            static_cast<std::uint32_t>(code & 0xffff)};
  }
};

/// Bytes that follow from `key` alone.
inline void fill(std::span<std::byte> out, std::uint64_t key) {
  for (std::size_t at = 0; at < out.size(); at += sizeof key) {
    key = key * 0x9e37'79b9'7f4a'7c15u + 0x1234'5678'9abc'def1u;
    std::memcpy(out.data() + at, &key, std::min(sizeof key, out.size() - at));
  }
}
inline std::vector<std::byte> bytes_of(std::size_t size, std::uint64_t key) {
  std::vector<std::byte> out(size);
  fill(out, key);
  return out;
}
inline bool is_filled(std::span<const std::byte> bytes, std::size_t size, std::uint64_t key) {
  const auto wanted = bytes_of(size, key);
  return std::equal(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
}

/// Answers one job as its recipe says; false when the payload is not what was sent.
inline bool answer(ipc::worker_end& end, const ipc::received_job& job) {
  const auto recipe = job_recipe::of(job.code);
  const bool is_sound = is_filled(job.payload, recipe.payload_bytes, job.code);
  // Now and then an answer is begun and thrown away, or has more room than it needs.
  if (recipe.seed % 7 == 0) fill(end.reply_room(recipe.answer_bytes / 2), 1);
  const std::size_t spare = recipe.seed % 5 == 0 ? 100 : 0;
  const auto room = end.reply_room(recipe.answer_bytes + spare);
  fill(room.first(recipe.answer_bytes), ~job.code);
  end.publish(static_cast<std::uint8_t>(is_sound ? 1 : 2), recipe.answer_bytes, recipe.seed);
  return is_sound;
}

} // namespace troupe::test
