// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/text.hpp"
#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/emitter.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// Where a transform that works on whole batches says what became of each message, in order.
///
/// Lives in: worker. Threads: the worker's main thread. Blocks: never.
/// Crash: what was reported and not committed is as if it had never been. Errors: std::bad_alloc.
class batch_report {
public:
  /// Of an error's text; it goes into logs and records.
  static constexpr std::size_t error_bytes_max = 16 * 1024;

  batch_report(emitter& out, commit& answer, std::vector<std::string>& error_texts)
      : out_{&out}, answer_{&answer}, error_texts_{&error_texts} {}

  /// Takes the outputs of the next message, until `done` or `fail`.
  [[nodiscard]] emitter& out() noexcept { return *out_; }
  /// The next message is done, with what was emitted since the last one.
  void done() {
    answer_->outputs_of.push_back(static_cast<std::uint32_t>(out_->size().count - before_.count));
    before_ = out_->size();
  }
  /// The next message failed, after `attempts` in this job; what was emitted for it is taken back.
  void fail(std::string_view text, bool is_final, std::uint32_t attempts = 1) {
    out_->rewind(before_);
    const auto index = static_cast<std::uint32_t>(answer_->outputs_of.size());
    error_texts_->push_back(text::shortened(text, error_bytes_max));
    answer_->errors.push_back({index, is_final, {}, attempts});
    answer_->outputs_of.push_back(0);
  }

private:
  emitter* out_;
  commit* answer_;
  std::vector<std::string>* error_texts_;
  packed_size before_;
};

} // namespace troupe::pipeline
