// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/detail/cursor.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// What the host asks of a worker; the first byte of each job.
enum class job_kind : std::uint8_t {
  open,       ///< Make the worker object, with the last committed state.
  batch,      ///< Work on these messages.
  resume,     ///< Go on with one message that gave only some of its outputs.
  produce,    ///< Make up to so many messages.
  checkpoint, ///< Answer with the state.
  finish,     ///< There is no more input: give the rest.
  fetch,      ///< Send more of the answers that did not fit.
  piece,      ///< One piece of a job that is too long for one payload; see pieces.hpp.
};

/// Content of an `open` job.
struct open_job {
  std::string worker;
  std::string module;
  std::string config_json;
  std::string stage;
  std::uint32_t replica = 0;
  std::uint32_t slice_us = 0; ///< A transform answers for what it has done after this long.
  std::optional<std::vector<std::byte>> state;
  std::string config_places_json; ///< As in `worker_reference`.
};

/// A `batch` job begins with the kind and the count, then come the packed messages.
inline constexpr std::size_t batch_header_bytes = 1 + sizeof(std::uint32_t);
/// A job or an answer longer than this travels in pieces.
inline constexpr std::size_t payload_bytes_max = 1024 * 1024;

void encode(std::vector<std::byte>& out, const open_job& job);
std::optional<open_job> decode_open(bytes_view job);

/// Makes room for the header at the start of `out`; `finish_batch` fills it in.
void begin_batch(std::vector<std::byte>& out);
void finish_batch(std::vector<std::byte>& out, std::uint32_t count);

/// A `resume` job for the one message of the batch job `batch`.
std::vector<std::byte> encode_resume(bytes_view batch, std::string_view cursor);
std::vector<std::byte> encode_produce(packed_size room);
std::vector<std::byte> encode_bare(job_kind kind);

} // namespace troupe::pipeline
