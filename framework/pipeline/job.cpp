// Part of Troupe; see LICENSE.

#include "troupe/pipeline/job.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <limits>

namespace troupe::pipeline {
namespace {

std::uint32_t saturate(std::size_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace

void encode(std::vector<std::byte>& out, const open_job& job) {
  detail::byte_writer to{out};
  to.number(job_kind::open);
  to.text(job.worker);
  to.text(job.module);
  to.text(job.config_json);
  to.text(job.config_places_json);
  to.text(job.stage);
  to.number(job.replica);
  to.number(job.slice_us);
  to.number(std::uint8_t{job.state.has_value()});
  if (job.state) to.raw(*job.state);
}

std::optional<open_job> decode_open(bytes_view job) {
  detail::byte_reader from{job};
  open_job made;
  if (from.number<job_kind>() != job_kind::open) return std::nullopt;
  made.worker = from.text();
  made.module = from.text();
  made.config_json = from.text();
  made.config_places_json = from.text();
  made.stage = from.text();
  made.replica = from.number<std::uint32_t>();
  made.slice_us = from.number<std::uint32_t>();
  const bool has_state = from.number<std::uint8_t>() != 0;
  const auto state = from.rest();
  if (has_state) made.state.emplace(state.begin(), state.end());
  if (from.is_bad()) return std::nullopt;
  return made;
}

void begin_batch(std::vector<std::byte>& out) {
  out.clear();
  detail::byte_writer to{out};
  to.number(job_kind::batch);
  to.number(std::uint32_t{0});
}

void finish_batch(std::vector<std::byte>& out, std::uint32_t count) {
  TROUPE_ASSERT(out.size() >= batch_header_bytes);
  std::memcpy(out.data() + 1, &count, sizeof(count));
}

std::vector<std::byte> encode_resume(bytes_view batch, std::string_view cursor) {
  std::vector<std::byte> out;
  detail::byte_writer to{out};
  to.number(job_kind::resume);
  to.text(cursor);
  to.raw(batch.subspan(batch_header_bytes));
  return out;
}

std::vector<std::byte> encode_produce(packed_size room) {
  std::vector<std::byte> out;
  detail::byte_writer to{out};
  to.number(job_kind::produce);
  to.number(saturate(room.count));
  to.number(saturate(room.bytes));
  return out;
}

std::vector<std::byte> encode_bare(job_kind kind) {
  return {static_cast<std::byte>(kind)};
}

} // namespace troupe::pipeline
