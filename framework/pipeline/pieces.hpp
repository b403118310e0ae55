// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/detail/cursor.hpp"
#include "troupe/pipeline/job.hpp"

#include <cstdint>
#include <vector>

namespace troupe::pipeline {

/// Sum over the bytes: any change of one word is noticed, and nearly any other.
[[nodiscard]] std::uint64_t checksum(bytes_view bytes) noexcept;

/// No job is longer: a state is at most `answer_bytes_max`, and its config comes with it.
inline constexpr std::uint64_t job_bytes_max = std::uint64_t{2} << 30;

/// What every piece of a long job says of itself, its last one too: no byte of the job decides how
/// the pieces are joined.
struct piece_head {
  std::uint32_t index = 0; ///< 0, 1, 2...
  std::uint64_t total = 0; ///< Bytes of the whole job.
  std::uint64_t sum = 0;   ///< `checksum` of the whole job.
};
inline constexpr std::size_t piece_head_bytes = 1 + sizeof(std::uint32_t) + 16;

/// Makes the payload of one piece.
void encode_piece(std::vector<std::byte>& out, const piece_head& head, bytes_view bytes);

/// Joins the pieces of a job.
///
/// Lives in: worker. Threads: one owner. Blocks: never. Crash: nothing outside the worker.
/// Errors: pieces that are not those of one job, in their order and whole, are `broken`.
class piece_collector {
public:
  enum class progress { incomplete, whole, broken };

  /// Takes the payload of one piece.
  [[nodiscard]] progress add(bytes_view payload);
  [[nodiscard]] bool is_empty() const noexcept { return next_ == 0; }
  /// Takes out the job after `whole`.
  [[nodiscard]] std::vector<std::byte> take();
  void clear() noexcept;

private:
  [[nodiscard]] bool fits(const piece_head& head, bytes_view bytes) const;

  piece_head first_;
  std::uint32_t next_ = 0;
  std::vector<std::byte> bytes_;
};

} // namespace troupe::pipeline
