// Part of Troupe; see LICENSE.

#include "troupe/pool/lane_set.hpp"

#include "troupe/base/worker_text.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {

std::shared_ptr<lane_set> lane_set::make(pool_settings settings, std::uint64_t job_code,
                                         pool_environment& environment, lane_keeper& keeper,
                                         dispatched& member) {
  std::shared_ptr<lane_set> lanes{
      new lane_set{std::move(settings), job_code, environment, keeper, member}};
  lanes->slots_.supervise(lanes);
  return lanes;
}

lane_set::lane_set(pool_settings settings, std::uint64_t job_code, pool_environment& environment,
                   lane_keeper& keeper, dispatched& member)
    : settings_{std::move(settings)}, job_code_{job_code},
      environment_{environment}, keeper_{&keeper}, member_{&member},
      input_memory_{os::shared_memory::create("troupe-input", settings_.input_arena_bytes,
                                              os::write_access::creator)},
      input_arena_{input_memory_.size_bytes()}, slots_{settings_, settings_.replicas, environment_},
      held_(slots_.size()) {
  input_memory_.exclude_from_fork();
}

void lane_set::start_workers() {
  slots_.start_all();
}

void lane_set::stop(stop_mode mode) {
  slots_.stop(mode);
}

void lane_set::query(std::function<void(std::vector<slot_status>)> receiver) {
  slots_.query(std::move(receiver));
}

void lane_set::disconnect() {
  slots_.release_supervision().reset();
  keeper_ = nullptr;
}

// Everything from other threads comes this way.
void lane_set::post_here(std::function<void(lane_set&)> action) {
  environment_.dispatch().post([self = shared_from_this(), act = std::move(action)] {
    if (self->keeper_ != nullptr) act(*self);
  });
}

void lane_set::start(slot_id slot, incarnation_id incarnation) {
  post_here([slot, incarnation](lane_set& self) { self.launch(slot, incarnation); });
}

void lane_set::launch(slot_id slot, incarnation_id incarnation) {
  const auto link = slots_.make_link(slot, incarnation, weak_from_this(), *member_);
  if (!link) return;
  slots_.seat(link);
  held_[slot.value] = 0;
  auto options = settings_.process;
  options.env["TROUPE_POOL"] = settings_.name;
  options.env["TROUPE_REPLICA"] = std::to_string(slot.value);
  options.env["TROUPE_REPLICAS"] = std::to_string(settings_.replicas);
  options.env["TROUPE_GENERATION"] = std::to_string(incarnation.value);
  options.working_dir = text::expand_for_worker(options.working_dir, options.env);
  text::expand_each_for_worker(options.env);
  slots_.launch(*link, std::move(options), input_memory_);
}

void lane_set::drain(slot_id slot, incarnation_id incarnation) {
  post_here([slot, incarnation](lane_set& self) {
    if (self.slots_.drain(slot, incarnation)) self.keeper_->hold(slot, true);
  });
}

void lane_set::signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) {
  post_here([=](lane_set& self) {
    if (!self.slots_.is_current(slot, incarnation)) return;
    self.keeper_->hold(slot, true);
    self.keeper_->forgive(slot);
    self.slots_.signal(slot.value, signal, scope, self.held_[slot.value] == 0);
  });
}

void lane_set::abandon(slot_id slot) {
  post_here([slot](lane_set& self) { self.keeper_->on_abandoned(slot); });
}

void lane_set::give_up(const failure& cause) {
  post_here([cause](lane_set& self) { self.keeper_->on_gave_up(cause); });
}

void lane_set::stopped() {
  post_here([](lane_set& self) { self.keeper_->on_stopped(); });
}

void lane_set::on_link_started(worker_link&) {
  environment_.dispatch().wake();
}

void lane_set::on_link_exited(worker_link& link, const exit_record& record) {
  post_here(
      [link = link.shared_from_this(), record](lane_set& self) { self.detach(*link, record); });
}

void lane_set::on_link_start_failed(worker_link& link, const failure& cause) {
  post_here([link = link.shared_from_this(), cause](lane_set& self) {
    if (self.slots_.take_start_failure(*link, cause)) self.held_[link->slot().value] = 0;
  });
}

void lane_set::on_link_output(worker_link& link, output_stream stream, std::string_view line) {
  environment_.take_output(slots_.name_of(link.slot()), stream, line);
}

bool lane_set::poll() {
  if (keeper_ == nullptr) return false;
  bool has_any = false;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].link) continue;
    find_ready(i);
    has_any = take_answers(i) || has_any;
    settle(i);
  }
  return has_any;
}

void lane_set::find_ready(std::size_t index) {
  if (!slots_.take_ready(index, clock::now())) return;
  const auto& s = slots_[index];
  keeper_->hold(s.link->slot(), false);
  keeper_->set_quota(s.link->slot(), s.quota);
  keeper_->on_attached(s.link->slot(), s.link->incarnation());
}

// The answers may have brought the worker to its quota, or to the end that the supervisor awaits.
void lane_set::settle(std::size_t index) {
  auto& s = slots_[index];
  if (s.phase == worker_phase::live) {
    s.messages = keeper_->messages_done(s.link->slot());
    if (slots_.is_spent(index)) slots_.recycle(index, end_reason::max_messages);
  }
  if (!s.is_drain_awaited || held_[index] > 0) return;
  if (keeper_->is_idle(s.link->slot())) slots_.tell_drained(index);
}

bool lane_set::take_answers(std::size_t index) {
  auto& s = slots_[index];
  auto& end = s.link->end();
  bool has_any = false;
  ipc::incoming_answer answer;
  while (!s.is_condemned) {
    const auto state = end.oldest(answer);
    if (state == ipc::answer_state::none) {
      // Arming and looking again closes the gap between an answer and the wish to hear of it.
      arm(index);
      if (end.oldest(answer) == ipc::answer_state::none) break;
      continue;
    }
    if (state == ipc::answer_state::corrupt) {
      condemn(index, end_reason::corrupt_answer);
      break;
    }
    free_input_block(end.payload_at(end.head()));
    --held_[index];
    s.has_moved = has_any = true;
    const bool is_value = answer.kind == static_cast<std::uint8_t>(reply_kind::value);
    keeper_->on_reply(s.link->slot(), job_id{answer.tag},
                      is_value ? reply_kind::value : reply_kind::error, answer.bytes);
    end.pop();
  }
  return has_any;
}

void lane_set::arm(std::size_t index) {
  auto& end = slots_[index].link->end();
  const auto held = held_[index];
  if (held == 0) return end.notify_at(std::nullopt);
  end.notify_at(end.head() + (held - 1) / 2);
}

bool lane_set::post(slot_id slot, job_id job, std::span<const std::byte> payload) {
  auto& s = slots_[slot.value];
  if (!s.link || !s.was_live() || s.is_condemned || s.link->end().is_full()) return false;
  ipc::outgoing_payload out{.bytes = payload};
  if (payload.size() > ipc::body_bytes_max) {
    const auto offset = input_arena_.allocate(payload.size());
    if (!offset) return false;
    std::memcpy(input_memory_.data() + *offset, payload.data(), payload.size());
    out = {.bytes = {},
           .arena_offset = *offset,
           .arena_size = static_cast<std::uint32_t>(payload.size()),
           .is_in_arena = true};
  }
  auto& end = s.link->end();
  end.send(job_code_, out, job.value);
  if (held_[slot.value]++ == 0) {
    s.has_moved = true;
    arm(slot.value);
  }
  end.wake_if_asleep();
  return true;
}

std::size_t lane_set::in_flight(slot_id slot) const {
  return held_[slot.value];
}

void lane_set::kill(slot_id slot, end_reason reason) {
  condemn(slot.value, reason);
}

void lane_set::condemn(std::size_t index, end_reason reason) {
  const auto& s = slots_[index];
  if (!s.link || !slots_.condemn(index, reason)) return;
  // Of one that is to be replaced the supervisor tells.
  if (s.phase != worker_phase::draining) return;
  environment_.log("worker " + slots_.name_of(s.link->slot()) + " (pid " +
                   std::to_string(s.link->pid()) +
                   ") was killed as it was to end: " + std::string{sentence_of(reason)});
}

void lane_set::free_input_block(const ipc::outgoing_payload& payload) {
  if (payload.is_in_arena) input_arena_.release(payload.arena_offset, payload.arena_size);
}

// The worker is dead and its memory final.
void lane_set::detach(worker_link& link, const exit_record& record) {
  const auto index = link.slot().value;
  if (!slots_.take_exit(link)) return;
  ++exits_;
  find_ready(index);
  take_answers(index);
  auto& end = link.end();
  std::optional<job_id> running;
  for (auto position = end.head(); position < end.tail(); ++position) {
    free_input_block(end.payload_at(position));
    if (!running && end.fate(position) != ipc::job_fate::not_begun) {
      running = job_id{end.tag_at(position)};
    }
  }
  const bool was_live = slots_[index].was_live();
  slots_.clear(index);
  held_[index] = 0;
  if (was_live) keeper_->on_detached(link.slot(), running, record);
  slots_.tell_exited(link, record);
}

std::vector<int> lane_set::pids() const {
  std::vector<int> out;
  for (const auto& s : slots_) out.push_back(s.link ? s.link->pid() : 0);
  return out;
}

bool lane_set::has_jobs() const noexcept {
  return std::any_of(held_.begin(), held_.end(), [](auto held) { return held > 0; });
}

time_point lane_set::check(time_point now) {
  if (keeper_ == nullptr) return time_point::max();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].link || slots_[i].is_condemned || held_[i] == 0) continue;
    switch (slots_.look_at_head(i, now)) {
    case worker_slots::head_state::begun:
    case worker_slots::head_state::waiting:
      break;
    case worker_slots::head_state::unresponsive:
      condemn(i, end_reason::unresponsive);
      break;
    case worker_slots::head_state::lying:
      condemn(i, end_reason::corrupt_answer);
      break;
    }
  }
  return slots_.check_recycling(now);
}

bool lane_set::kill_one(std::uint64_t random) {
  std::vector<std::size_t> alive;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].link && slots_[i].link->pid() > 0) alive.push_back(i);
  }
  if (alive.empty()) return false;
  const auto victim = alive[random % alive.size()];
  if (keeper_ != nullptr) keeper_->forgive(slots_[victim].link->slot());
  slots_.kill(victim, end_reason::chaos);
  return true;
}

} // namespace troupe
