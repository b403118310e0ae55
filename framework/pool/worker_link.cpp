// Part of Troupe; see LICENSE.

#include "troupe/pool/worker_link.hpp"

#include "troupe/pool/worker_loop.hpp"

#include <csignal>

namespace troupe {

worker_link::worker_link(slot_id slot, incarnation_id incarnation, std::size_t output_arena_bytes,
                         std::weak_ptr<worker_link_events> owner)
    : slot_{slot}, incarnation_{incarnation}, owner_{std::move(owner)}, end_{ipc::host_end::create(
                                                                            output_arena_bytes)} {}

void worker_link::launch(launcher& with, start_method method, process_options options,
                         const worker_setup& setup, const os::shared_memory& input_arena,
                         const library_list& libraries) {
  worker_request request;
  request.method = method;
  request.options = std::move(options);
  request.entry = &run_worker;
  request.descriptors = {&end_->request_descriptor(), &end_->response_descriptor(),
                         &input_arena.descriptor(),   &end_->output_descriptor(),
                         &end_->doorbell(),           &libraries.descriptor()};
  request.argument = encode_setup(setup);
  with.start(std::move(request), shared_from_this());
  end_->close_descriptors();
}

void worker_link::signal(int signal, signal_scope scope) noexcept {
  const std::lock_guard lock{mutex_};
  if (child_) {
    child_->signal(signal, scope);
  } else if (signal != SIGCONT && early_signal_ != SIGKILL) {
    // A CONT follows every first signal, and must not take its place; nor anything that of a KILL.
    early_signal_ = signal;
    early_scope_ = scope;
  }
}

bool worker_link::is_ready() const noexcept {
  return pid() > 0 && end_->is_ready();
}

void worker_link::on_started(std::shared_ptr<child_process> child) {
  {
    const std::lock_guard lock{mutex_};
    pid_.store(child->pid(), std::memory_order_relaxed);
    child_ = std::move(child);
    if (early_signal_ != 0) child_->signal(early_signal_, early_scope_);
  }
  // The worker may have rung before, when nobody could believe it.
  if (const auto owner = owner_.lock()) owner->on_link_started(*this);
}

void worker_link::on_start_failed(const failure& cause) {
  if (const auto owner = owner_.lock()) owner->on_link_start_failed(*this, cause);
}

void worker_link::on_exited(const exit_record& record) {
  {
    const std::lock_guard lock{mutex_};
    child_.reset();
  }
  if (const auto owner = owner_.lock()) owner->on_link_exited(*this, record);
}

void worker_link::on_output(output_stream stream, std::string_view line) {
  if (const auto owner = owner_.lock()) owner->on_link_output(*this, stream, line);
}

} // namespace troupe
