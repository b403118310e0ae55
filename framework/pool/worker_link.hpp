// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/ids.hpp"
#include "troupe/ipc/host_end.hpp"
#include "troupe/pool/worker_setup.hpp"
#include "troupe/process/child_spec.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/process/library_list.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace troupe {

class worker_link;

/// What the owner of a worker hears.
///
/// Lives in: host. Threads: called on the reactor's. Blocks: must not. Crash (of the worker): one
/// call, `on_link_exited`. Errors: must not throw.
class worker_link_events {
public:
  virtual ~worker_link_events() = default;
  /// The process exists; it may have become ready before that was known.
  virtual void on_link_started(worker_link& link) = 0;
  virtual void on_link_exited(worker_link& link, const exit_record& record) = 0;
  virtual void on_link_start_failed(worker_link& link, const failure& cause) = 0;
  virtual void on_link_output(worker_link& link, output_stream stream, std::string_view line) = 0;
};

/// One incarnation of a worker: its process and the host's end of its rings.
///
/// Lives in: host. Threads: `end` belongs to the owner's lock; the rest: any. Blocks: never.
/// Crash (of the worker): `on_link_exited` comes once, after which the rings are final.
/// Errors: a start that fails is `on_link_start_failed`.
class worker_link final : public process_observer,
                          public std::enable_shared_from_this<worker_link> {
public:
  /// Makes the rings. Throws std::system_error when the host is out of memory or descriptors.
  worker_link(slot_id slot, incarnation_id incarnation, std::size_t output_arena_bytes,
              std::weak_ptr<worker_link_events> owner);

  /// Asks the launcher for the process.
  void launch(launcher& with, start_method method, process_options options,
              const worker_setup& setup, const os::shared_memory& input_arena,
              const library_list& libraries);

  [[nodiscard]] slot_id slot() const noexcept { return slot_; }
  [[nodiscard]] incarnation_id incarnation() const noexcept { return incarnation_; }
  [[nodiscard]] ipc::host_end& end() noexcept { return *end_; }

  /// Whether it may be given jobs: it says so itself, and the launcher has told of its start.
  /// Without the latter (the zygote dies with the news) its end is a failed start, in which no job
  /// may be lost.
  [[nodiscard]] bool is_ready() const noexcept;

  /// Signals the process; remembered if it has not started yet.
  void signal(int signal, signal_scope scope) noexcept;
  [[nodiscard]] int pid() const noexcept { return pid_.load(std::memory_order_relaxed); }

  // process_observer, on the reactor thread.
  void on_started(std::shared_ptr<child_process> child) override;
  void on_start_failed(const failure& cause) override;
  void on_exited(const exit_record& record) override;
  void on_output(output_stream stream, std::string_view line) override;

private:
  const slot_id slot_;
  const incarnation_id incarnation_;
  const std::weak_ptr<worker_link_events> owner_;
  const std::unique_ptr<ipc::host_end> end_;
  std::atomic<int> pid_{0};

  std::mutex mutex_; // Protects what follows.
  std::shared_ptr<child_process> child_;
  int early_signal_ = 0;
  signal_scope early_scope_ = signal_scope::group;
};

} // namespace troupe
