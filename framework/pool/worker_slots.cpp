// Part of Troupe; see LICENSE.

#include "troupe/pool/worker_slots.hpp"

#include "troupe/os/memory_use.hpp"
#include "troupe/pool/recycle_rule.hpp"

#include <csignal>
#include <system_error>
#include <utility>

namespace troupe {

namespace {

// A worker that has not begun its job by then has missed its wake-up; ring it again.
constexpr auto unnoticed_max = std::chrono::milliseconds{10};
constexpr auto look_period = std::chrono::seconds{1};

} // namespace

worker_slots::worker_slots(const pool_settings& settings, std::size_t count,
                           pool_environment& environment)
    : settings_{settings}, environment_{&environment}, slots_(count) {}

std::string worker_slots::name_of(slot_id slot) const {
  return settings_.name + "/" + std::to_string(slot.value);
}

bool worker_slots::is_current(slot_id slot, incarnation_id incarnation) const noexcept {
  const auto& s = slots_[slot.value];
  return s.link && s.link->incarnation() == incarnation;
}

bool worker_slots::is_current(const worker_link& link) const noexcept {
  return slots_[link.slot().value].link.get() == &link;
}

void worker_slots::supervise(std::shared_ptr<slot_control> control) {
  supervision_ =
      environment_->supervision().make({.name = settings_.name,
                                        .replicas = static_cast<std::uint32_t>(slots_.size()),
                                        .restart = settings_.restart,
                                        .stop = settings_.stop,
                                        .start = settings_.start},
                                       std::move(control));
}

void worker_slots::query(std::function<void(std::vector<slot_status>)> receiver) {
  supervision_->query(std::move(receiver));
}

std::unique_ptr<pool_supervision> worker_slots::release_supervision() noexcept {
  return std::move(supervision_);
}

std::shared_ptr<worker_link> worker_slots::make_link(slot_id slot, incarnation_id incarnation,
                                                     std::weak_ptr<worker_link_events> owner,
                                                     dispatched& listener) {
  try {
    auto link = std::make_shared<worker_link>(slot, incarnation, settings_.output_arena_bytes,
                                              std::move(owner));
    environment_->dispatch().watch(link->end().doorbell(), listener);
    return link;
  } catch (const std::system_error& e) {
    supervision_->on_start_failed(
        slot, incarnation, system_failure("cannot make the rings of a worker", e.code().value()));
    return nullptr;
  }
}

recycle_spec worker_slots::limits_of(std::size_t index) const noexcept {
  return recycle_rule::spread(settings_.recycle, index, slots_.size());
}

void worker_slots::seat(std::shared_ptr<worker_link> link) {
  const auto index = link->slot().value;
  auto& s = slots_[index];
  s = {};
  s.link = std::move(link);
  s.phase = worker_phase::starting;
  s.quota = limits_of(index).messages_max;
}

void worker_slots::launch(worker_link& link, process_options options,
                          const os::shared_memory& input_arena) {
  options.name = name_of(link.slot());
  options.surroundings = surroundings_;
  try {
    link.launch(environment_->processes(), settings_.start.method, std::move(options),
                {.pool = settings_.name,
                 .slot = link.slot().value,
                 .incarnation = link.incarnation().value,
                 .initializer_code = settings_.initializer_code,
                 .initializer_payload = settings_.initializer_payload},
                input_arena, *libraries_);
  } catch (const std::system_error& e) {
    link.on_start_failed(system_failure("cannot launch a worker", e.code().value()));
  }
}

bool worker_slots::take_ready(std::size_t index, time_point now) {
  auto& s = slots_[index];
  if (s.phase != worker_phase::starting || !s.link->is_ready()) return false;
  s.phase = worker_phase::live;
  s.live_since = now;
  supervision_->on_ready(s.link->slot(), s.link->incarnation());
  return true;
}

// After its patience, the worker is stopped or stuck outside any job: to be replaced.
worker_slots::head_state worker_slots::look_at_head(std::size_t index, time_point now,
                                                    duration patience) {
  auto& s = slots_[index];
  if (std::exchange(s.has_moved, false)) s.head_since = now;
  auto& end = s.link->end();
  const auto head = end.head();
  if (end.is_revoked(head)) return head_state::waiting;
  if (end.has_void_claims()) return head_state::lying;
  if (end.fate(head) != ipc::job_fate::not_begun) return head_state::begun;
  const auto waited = now - s.head_since;
  if (waited > patience) return head_state::unresponsive;
  if (waited > unnoticed_max) end.wake_anyway();
  return head_state::waiting;
}

void worker_slots::recycle(std::size_t index, end_reason reason) {
  auto& s = slots_[index];
  // The end of a condemned worker is a death, and counts.
  if (s.is_condemned || std::exchange(s.is_recycling, true)) return;
  supervision_->note_reason(s.link->slot(), s.link->incarnation(), reason);
  supervision_->recycle(s.link->slot(), s.link->incarnation());
}

bool worker_slots::has_to_look() const noexcept {
  return recycle_rule::has_to_look(settings_.recycle);
}

time_point worker_slots::check_recycling(time_point now) {
  if (!has_to_look()) return time_point::max();
  if (now < next_look_) return next_look_;
  next_look_ = now + look_period;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto& s = slots_[i];
    if (s.phase != worker_phase::live || s.is_recycling) continue;
    const auto limits = limits_of(i);
    const bool has_memory_limit = limits.memory_max_bytes > 0 && s.link->pid() > 0;
    const auto reached = recycle_rule::reached(
        limits, {.messages = s.messages,
                 .age = now - s.live_since,
                 .memory_bytes = has_memory_limit ? os::resident_bytes(s.link->pid()) : 0});
    if (reached) recycle(i, *reached);
  }
  return next_look_;
}

void worker_slots::kill(std::size_t index, end_reason reason) {
  const auto& link = slots_[index].link;
  if (supervision_) supervision_->note_reason(link->slot(), link->incarnation(), reason);
  link->signal(SIGKILL, signal_scope::group);
}

bool worker_slots::condemn(std::size_t index, end_reason reason) {
  if (std::exchange(slots_[index].is_condemned, true)) return false;
  kill(index, reason);
  return true;
}

bool worker_slots::drain(slot_id slot, incarnation_id incarnation) {
  if (!is_current(slot, incarnation)) return false;
  auto& s = slots_[slot.value];
  if (s.phase == worker_phase::live || s.phase == worker_phase::starting) {
    s.phase = worker_phase::draining;
    s.is_fed = false;
  }
  s.is_drain_awaited = true;
  return true;
}

void worker_slots::tell_drained(std::size_t index) {
  auto& s = slots_[index];
  if (!std::exchange(s.is_drain_awaited, false)) return;
  supervision_->on_drained(s.link->slot(), s.link->incarnation());
}

void worker_slots::signal(std::size_t index, int signal, signal_scope scope, bool is_idle) {
  auto& link = *slots_[index].link;
  // One that is not ready may be stuck in its initializer.
  if (is_idle && signal == settings_.stop.signal && link.end().is_ready()) {
    // What its tasks have started hears of it when the worker has ended.
    if (scope == signal_scope::group_with_time) link.signal(signal, signal_scope::rest_with_time);
    link.end().ask_to_stop();
  } else {
    link.signal(signal, scope);
  }
}

bool worker_slots::take_exit(worker_link& link) {
  environment_->dispatch().unwatch(link.end().doorbell());
  return is_current(link);
}

std::shared_ptr<worker_link> worker_slots::clear(std::size_t index) noexcept {
  auto link = std::move(slots_[index].link);
  slots_[index] = {};
  return link;
}

void worker_slots::excuse(const worker_link& link, restart_excuse why) {
  if (why != restart_excuse::none) supervision_->excuse(link.slot(), link.incarnation(), why);
}

void worker_slots::tell_exited(const worker_link& link, const exit_record& record) {
  supervision_->on_exited(link.slot(), link.incarnation(), record);
}

bool worker_slots::take_start_failure(worker_link& link, const failure& cause) {
  if (!take_exit(link)) return false;
  clear(link.slot().value);
  supervision_->on_start_failed(link.slot(), link.incarnation(), cause);
  return true;
}

} // namespace troupe
