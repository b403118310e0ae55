// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/detail/cursor.hpp"
#include "troupe/pipeline/packed.hpp"
#include "troupe/pipeline/worker_role.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// Which kind of answer a record is.
enum class answer_kind : std::uint8_t {
  opened,  ///< The worker object is there.
  done,    ///< A commit.
  skipped, ///< Not done: an earlier job of this session failed. The host sends it again.
  failed,  ///< The stage cannot work at all (disk full, no such folder); the text says why.
  garbled, ///< The job did not arrive as it was sent. The worker is to be replaced.
};

/// The type of the messages at one end of a worker; two ends of a channel must agree.
struct message_type {
  std::string name;
  std::uint64_t fingerprint = 0; ///< 0 for text and raw bytes, which go with everything.
  friend bool operator==(const message_type&, const message_type&) = default;
};

/// What a worker says of itself when it has been opened.
struct opened_answer {
  worker_role role = worker_role::transform;
  message_type input;
  message_type output;
  std::optional<bytes_view> state; ///< With which it begins, when it was given none.
};

/// One input that threw.
struct input_error {
  std::uint32_t index = 0;
  bool is_final = false; ///< It is not to be tried again.
  std::string_view text;
  std::uint32_t attempts = 1; ///< That this job has cost it; a command may have got it twice.
};

/// How many of the messages that a dead filter was given may not have become what it gave: nothing
/// ties one to the other. One that gives more than it is given may have any of them inside.
constexpr std::uint64_t doubtful_messages(std::uint64_t given, std::uint64_t got) noexcept {
  return got > given ? given : given - got;
}

/// What went wrong inside a worker that went on, since its last answer.
struct trouble_counts {
  std::uint64_t lost = 0;            ///< Messages that are gone, or may be.
  std::uint32_t restarts = 0;        ///< Of the command that it runs.
  std::uint32_t protocol_errors = 0; ///< Lines of that command which are no answers.
  /// Of these, those that put in doubt which reply belongs to which message.
  std::uint32_t surplus = 0;

  trouble_counts& operator+=(const trouble_counts& more) noexcept {
    lost += more.lost;
    restarts += more.restarts;
    protocol_errors += more.protocol_errors;
    surplus += more.surplus;
    return *this;
  }
  friend bool operator==(const trouble_counts&, const trouble_counts&) = default;
};

/// What a source could not read.
struct skipped_view {
  std::string_view what;
  std::string_view why;
};

/// A commit: what was consumed, every output of it, and the new state; it counts whole or not at
/// all. Views point into the record it was read from.
struct commit {
  bool has_ended = false;                ///< A source has come to its end.
  bool goes_on = false;                  ///< The last input has more outputs; `cursor` says where.
  std::chrono::microseconds elapsed{};   ///< By the worker's clock; a hint.
  std::vector<std::uint32_t> outputs_of; ///< Number of outputs of each input consumed, in order.
  std::vector<input_error> errors;       ///< Inputs that threw, ascending; they gave no output.
  std::vector<skipped_view> skipped;     ///< Of a source.
  std::optional<bytes_view> state;       ///< New state; all before is committed with it.
  std::string_view cursor;
  bytes_view outputs; ///< Packed messages.
  packed_size outputs_size;
  trouble_counts troubles;
};

/// An answer as the host reads it.
struct answer {
  answer_kind kind = answer_kind::skipped;
  opened_answer opened;
  commit done;
  std::string_view text; ///< Of a failure.
};

/// A longer answer is refused at both ends: the host would run out of memory.
inline constexpr std::size_t answer_bytes_max = std::size_t{1} << 30;

/// Answers are records, each with its length before it, in one stream per worker incarnation. A
/// record may be spread over the replies to several jobs, which is how long answers travel: a long
/// one has a checksum, and each reply begins with its place in the stream.
void append_record(std::vector<std::byte>& stream, const opened_answer& value);
void append_record(std::vector<std::byte>& stream, const commit& value);
void append_skipped(std::vector<std::byte>& stream);
void append_failed(std::vector<std::byte>& stream, std::string_view text);
void append_garbled(std::vector<std::byte>& stream);

/// What lies at the front of a stream of records.
enum class record_state { incomplete, whole, broken };
/// Takes one record off the front of `stream`, once it is whole.
record_state take_record(bytes_view& stream, bytes_view& record);

/// A reply is where its bytes stand in the stream of answers, then the bytes.
inline constexpr std::size_t reply_head_bytes = sizeof(std::uint64_t);

/// Reads a record. Nothing when a worker wrote nonsense: every count, length and index is checked,
/// and the outputs add up. `record` must be memory that the worker cannot write.
std::optional<answer> decode_answer(bytes_view record);

} // namespace troupe::pipeline
