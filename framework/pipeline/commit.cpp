// Part of Troupe; see LICENSE.

#include "troupe/pipeline/commit.hpp"

#include "troupe/pipeline/pieces.hpp"

namespace troupe::pipeline {
namespace {

using detail::byte_reader;
using detail::byte_writer;

constexpr std::uint8_t flag_state = 1;
constexpr std::uint8_t flag_ended = 2;
constexpr std::uint8_t flag_goes_on = 4;
constexpr std::uint8_t flag_skipped = 8;
constexpr std::uint8_t flag_troubles = 16;
constexpr std::uint8_t flags_all =
    flag_state | flag_ended | flag_goes_on | flag_skipped | flag_troubles;

constexpr std::size_t record_head_bytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);

// A record that can travel in one piece needs no sum: where it stands and its length are enough.
std::uint64_t sum_of(bytes_view record) {
  return record.size() > payload_bytes_max ? checksum(record) : 0;
}

// Writes length and sum once the record is complete.
class record_scope {
public:
  explicit record_scope(std::vector<std::byte>& stream) : stream_{stream}, at_{stream.size()} {
    stream_.resize(at_ + record_head_bytes);
  }
  ~record_scope() {
    const auto body = bytes_view{stream_}.subspan(at_ + record_head_bytes);
    const auto size = static_cast<std::uint32_t>(body.size());
    const auto sum = sum_of(body);
    std::memcpy(stream_.data() + at_, &size, sizeof(size));
    std::memcpy(stream_.data() + at_ + sizeof(size), &sum, sizeof(sum));
  }
  record_scope(const record_scope&) = delete;
  record_scope& operator=(const record_scope&) = delete;

private:
  std::vector<std::byte>& stream_;
  std::size_t at_;
};

void put(byte_writer& to, const message_type& type) {
  to.text(type.name);
  to.number(type.fingerprint);
}

message_type get_type(byte_reader& from) {
  message_type type;
  type.name = from.text();
  type.fingerprint = from.number<std::uint64_t>();
  return type;
}

bool read_opened(byte_reader& from, opened_answer& into) {
  into.role = from.number<worker_role>();
  into.input = get_type(from);
  into.output = get_type(from);
  if (from.number<std::uint8_t>() != 0) into.state = from.sized();
  return !from.is_bad() && from.left() == 0 && into.role <= worker_role::sink;
}

bool read_counts(byte_reader& from, commit& into) {
  const auto count = from.number<std::uint32_t>();
  const auto bytes = from.raw(std::size_t{count} * sizeof(std::uint32_t));
  if (from.is_bad()) return false;
  into.outputs_of.resize(count);
  if (count > 0) std::memcpy(into.outputs_of.data(), bytes.data(), bytes.size());
  return true;
}

bool read_errors(byte_reader& from, commit& into) {
  const auto count = from.number<std::uint32_t>();
  if (count > from.left()) return false; // Each error has at least its own length words.
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto index = from.number<std::uint32_t>();
    const bool is_final = from.number<std::uint8_t>() != 0;
    const auto text = from.text();
    const bool ascends = into.errors.empty() || into.errors.back().index < index;
    if (from.is_bad() || !ascends) return false;
    const auto attempts = from.number<std::uint32_t>();
    into.errors.push_back({index, is_final, text, attempts});
  }
  return true;
}

bool read_skipped(byte_reader& from, commit& into) {
  const auto count = from.number<std::uint32_t>();
  if (count > from.left()) return false; // Each has at least its own length words.
  for (std::uint32_t i = 0; i < count && !from.is_bad(); ++i) {
    const auto what = from.text();
    into.skipped.push_back({what, from.text()});
  }
  return !from.is_bad();
}

bool read_commit(byte_reader& from, commit& into) {
  const auto flags = from.number<std::uint8_t>();
  into.elapsed = std::chrono::microseconds{from.number<std::uint32_t>()};
  if ((flags & ~flags_all) != 0 || !read_counts(from, into) || !read_errors(from, into))
    return false;
  into.has_ended = (flags & flag_ended) != 0;
  into.goes_on = (flags & flag_goes_on) != 0;
  if ((flags & flag_skipped) != 0 && !read_skipped(from, into)) return false;
  if ((flags & flag_state) != 0) into.state = from.sized();
  if (into.goes_on) into.cursor = from.text();
  if ((flags & flag_troubles) != 0) {
    into.troubles.lost = from.number<std::uint64_t>();
    into.troubles.restarts = from.number<std::uint32_t>();
    into.troubles.protocol_errors = from.number<std::uint32_t>();
    into.troubles.surplus = from.number<std::uint32_t>();
  }
  into.outputs = from.rest();
  const auto size = measure(into.outputs);
  if (from.is_bad() || !size) return false;
  into.outputs_size = *size;
  return true;
}

} // namespace

void append_record(std::vector<std::byte>& stream, const opened_answer& value) {
  const record_scope scope{stream};
  byte_writer to{stream};
  to.number(answer_kind::opened);
  to.number(value.role);
  put(to, value.input);
  put(to, value.output);
  to.number(std::uint8_t{value.state.has_value()});
  if (value.state) to.sized(*value.state);
}

void append_record(std::vector<std::byte>& stream, const commit& value) {
  const record_scope scope{stream};
  byte_writer to{stream};
  to.number(answer_kind::done);
  const bool has_troubles = value.troubles != trouble_counts{};
  to.number(static_cast<std::uint8_t>(
      (value.state ? flag_state : 0) | (value.has_ended ? flag_ended : 0) |
      (value.goes_on ? flag_goes_on : 0) | (value.skipped.empty() ? 0 : flag_skipped) |
      (has_troubles ? flag_troubles : 0)));
  to.number(static_cast<std::uint32_t>(value.elapsed.count()));
  to.number(static_cast<std::uint32_t>(value.outputs_of.size()));
  to.raw(std::as_bytes(std::span{value.outputs_of}));
  to.number(static_cast<std::uint32_t>(value.errors.size()));
  for (const auto& error : value.errors) {
    to.number(error.index);
    to.number(std::uint8_t{error.is_final});
    to.text(error.text);
    to.number(error.attempts);
  }
  if (!value.skipped.empty()) {
    to.number(static_cast<std::uint32_t>(value.skipped.size()));
    for (const auto& item : value.skipped) {
      to.text(item.what);
      to.text(item.why);
    }
  }
  if (value.state) to.sized(*value.state);
  if (value.goes_on) to.text(value.cursor);
  if (has_troubles) {
    to.number(value.troubles.lost);
    to.number(value.troubles.restarts);
    to.number(value.troubles.protocol_errors);
    to.number(value.troubles.surplus);
  }
  to.raw(value.outputs);
}

void append_skipped(std::vector<std::byte>& stream) {
  const record_scope scope{stream};
  byte_writer{stream}.number(answer_kind::skipped);
}

void append_failed(std::vector<std::byte>& stream, std::string_view text) {
  const record_scope scope{stream};
  byte_writer to{stream};
  to.number(answer_kind::failed);
  to.raw(detail::as_bytes(text));
}

void append_garbled(std::vector<std::byte>& stream) {
  const record_scope scope{stream};
  byte_writer{stream}.number(answer_kind::garbled);
}

record_state take_record(bytes_view& stream, bytes_view& record) {
  if (stream.size() < record_head_bytes) return record_state::incomplete;
  byte_reader from{stream};
  const auto size = from.number<std::uint32_t>();
  const auto sum = from.number<std::uint64_t>();
  if (size > answer_bytes_max) return record_state::broken;
  if (size > from.left()) return record_state::incomplete;
  record = from.raw(size);
  if (sum_of(record) != sum) return record_state::broken;
  stream = from.rest();
  return record_state::whole;
}

std::optional<answer> decode_answer(bytes_view record) {
  byte_reader from{record};
  answer value;
  value.kind = from.number<answer_kind>();
  if (from.is_bad()) return std::nullopt;
  switch (value.kind) {
  case answer_kind::opened:
    if (!read_opened(from, value.opened)) return std::nullopt;
    return value;
  case answer_kind::done:
    if (!read_commit(from, value.done)) return std::nullopt;
    return value;
  case answer_kind::skipped:
  case answer_kind::garbled:
    if (from.left() != 0) return std::nullopt;
    return value;
  case answer_kind::failed:
    value.text = detail::as_text(from.rest());
    return value;
  }
  return std::nullopt;
}

} // namespace troupe::pipeline
