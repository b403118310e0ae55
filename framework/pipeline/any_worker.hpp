// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/batch_report.hpp"
#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"
#include "troupe/pipeline/worker_role.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// A user's worker with its types wiped off; each role uses some of the calls.
///
/// Lives in: worker. Threads: the worker's main thread. Blocks: as long as the user's code does.
/// Crash: a successor is given the last committed state. Errors: whatever the user's code throws.
class any_worker {
public:
  any_worker() = default;
  any_worker(const any_worker&) = delete;
  any_worker& operator=(const any_worker&) = delete;
  virtual ~any_worker() = default;

  virtual void load(bytes_view) {}
  virtual void save(std::vector<std::byte>&) {}
  /// Returns false when there is no more.
  virtual bool produce(emitter&) { return false; }
  virtual void apply(bytes_view, emitter&) {}
  /// Returns true when the message has more outputs; `cursor` says where they go on.
  virtual bool expand(bytes_view message, std::string&, emitter& out) {
    apply(message, out);
    return false;
  }
  /// A transform that works on a whole batch at once: it reports on each message in order, and
  /// may stop after some. @{
  [[nodiscard]] virtual bool takes_batches() const { return false; }
  virtual void transform_batch(bytes_view, std::uint32_t, batch_report&) {}
  /// @}
  virtual void finish(emitter&) {}
  /// Whether every job is committed at once: saving costs next to nothing.
  [[nodiscard]] virtual bool commits_each_job() const { return false; }
};

} // namespace troupe::pipeline
