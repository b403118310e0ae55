// Part of Troupe; see LICENSE.

#include "troupe/pool/lane_set.hpp"

#include "troupe/os/memory_use.hpp"

#include <cstring>

namespace troupe {

namespace {

// As in pool_tick.cpp: a worker that has not begun its job by then is rung again, or replaced.
constexpr auto unnoticed_max = std::chrono::milliseconds{10};
constexpr auto unresponsive_max = std::chrono::seconds{5};
constexpr auto recycle_check_period = std::chrono::seconds{1};

} // namespace

std::shared_ptr<lane_set> lane_set::make(pool_settings settings, std::uint64_t job_code,
                                         std::shared_ptr<pool_environment> environment,
                                         lane_keeper& keeper, dispatched& member) {
  std::shared_ptr<lane_set> lanes{
      new lane_set{std::move(settings), job_code, std::move(environment), keeper, member}};
  const auto& chosen = lanes->settings_;
  lanes->supervision_ = lanes->environment_->supervision().make({.name = chosen.name,
                                                                 .replicas = chosen.replicas,
                                                                 .restart = chosen.restart,
                                                                 .stop = chosen.stop,
                                                                 .start = chosen.start},
                                                                lanes);
  return lanes;
}

lane_set::lane_set(pool_settings settings, std::uint64_t job_code,
                   std::shared_ptr<pool_environment> environment, lane_keeper& keeper,
                   dispatched& member)
    : settings_{std::move(settings)}, job_code_{job_code},
      environment_{std::move(environment)}, keeper_{&keeper}, member_{&member},
      input_memory_{os::shared_memory::create("troupe-input", settings_.input_arena_bytes,
                                              os::write_access::creator)},
      input_arena_{input_memory_.size_bytes()}, seats_(settings_.replicas) {}

void lane_set::start_workers() {
  supervision_->start();
}

void lane_set::stop(stop_mode mode) {
  supervision_->stop(mode);
}

void lane_set::query(std::function<void(std::vector<slot_status>)> receiver) {
  supervision_->query(std::move(receiver));
}

void lane_set::disconnect() {
  supervision_.reset();
  keeper_ = nullptr;
}

std::string lane_set::name_of(slot_id slot) const {
  return settings_.name + "/" + std::to_string(slot.value);
}

bool lane_set::is_current(slot_id slot, incarnation_id incarnation) const {
  const auto& s = seats_[slot.value];
  return s.link && s.link->incarnation() == incarnation;
}

// Everything from other threads comes this way.
void lane_set::post_here(std::function<void(lane_set&)> action) {
  environment_->dispatch().post([self = shared_from_this(), act = std::move(action)] {
    if (self->keeper_ != nullptr) act(*self);
  });
}

void lane_set::start(slot_id slot, incarnation_id incarnation) {
  post_here([slot, incarnation](lane_set& self) { self.launch(slot, incarnation); });
}

void lane_set::launch(slot_id slot, incarnation_id incarnation) {
  try {
    auto link = std::make_shared<worker_link>(slot, incarnation, settings_.output_arena_bytes,
                                              weak_from_this());
    environment_->dispatch().watch(link->end().doorbell(), *member_);
    seats_[slot.value] = {};
    seats_[slot.value].link = link;
    auto options = settings_.process;
    options.name = name_of(slot);
    options.env["TROUPE_POOL"] = settings_.name;
    options.env["TROUPE_REPLICA"] = std::to_string(slot.value);
    options.env["TROUPE_REPLICAS"] = std::to_string(settings_.replicas);
    options.env["TROUPE_GENERATION"] = std::to_string(incarnation.value);
    link->launch(environment_->processes(), std::move(options),
                 {.pool = settings_.name,
                  .slot = slot.value,
                  .incarnation = incarnation.value,
                  .initializer_code = settings_.initializer_code,
                  .initializer_payload = settings_.initializer_payload},
                 input_memory_);
  } catch (const std::system_error& e) {
    supervision_->on_start_failed(
        slot, incarnation, system_failure("cannot make the rings of a worker", e.code().value()));
  }
}

void lane_set::drain(slot_id slot, incarnation_id incarnation) {
  post_here([slot, incarnation](lane_set& self) {
    if (!self.is_current(slot, incarnation)) return;
    self.seats_[slot.value].is_draining = true;
    self.keeper_->hold(slot, true);
  });
}

void lane_set::signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) {
  post_here([=](lane_set& self) {
    if (!self.is_current(slot, incarnation)) return;
    auto& s = self.seats_[slot.value];
    self.keeper_->hold(slot, true);
    self.keeper_->forgive(slot);
    // An idle worker leaves by itself, through its exit handlers.
    if (signal == self.settings_.stop.signal && s.is_ready && s.held == 0) {
      s.link->end().ask_to_stop();
    } else {
      s.link->signal(signal, scope);
    }
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

void lane_set::on_link_exited(worker_link& link, const exit_record& record) {
  post_here(
      [link = link.shared_from_this(), record](lane_set& self) { self.detach(*link, record); });
}

void lane_set::on_link_start_failed(worker_link& link, const failure& cause) {
  post_here([link = link.shared_from_this(), cause](lane_set& self) {
    self.environment_->dispatch().unwatch(link->end().doorbell());
    if (!self.is_current(link->slot(), link->incarnation())) return;
    self.seats_[link->slot().value] = {};
    self.supervision_->on_start_failed(link->slot(), link->incarnation(), cause);
  });
}

void lane_set::on_link_output(worker_link& link, output_stream stream, std::string_view line) {
  environment_->take_output(name_of(link.slot()), stream, line);
}

bool lane_set::poll() {
  if (keeper_ == nullptr) return false;
  bool has_any = false;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    auto& s = seats_[i];
    if (!s.link) continue;
    if (!s.is_ready) find_ready(i);
    has_any = take_answers(i) || has_any;
    const slot_id slot{static_cast<std::uint32_t>(i)};
    if (s.is_draining && s.held == 0 && keeper_->is_idle(slot)) {
      s.is_draining = false;
      supervision_->on_drained(slot, s.link->incarnation());
    }
  }
  return has_any;
}

void lane_set::find_ready(std::size_t index) {
  auto& s = seats_[index];
  if (!s.link->is_ready()) return;
  s.is_ready = true;
  s.ready_since = clock::now();
  supervision_->on_ready(s.link->slot(), s.link->incarnation());
  keeper_->hold(s.link->slot(), s.is_draining);
  keeper_->on_attached(s.link->slot(), s.link->incarnation());
}

bool lane_set::take_answers(std::size_t index) {
  auto& s = seats_[index];
  auto& end = s.link->end();
  bool has_any = false;
  ipc::incoming_answer answer;
  while (!s.is_condemned) {
    const auto state = end.oldest(answer);
    if (state == ipc::answer_state::none) {
      // Arming and looking again closes the gap between an answer and the wish to hear of it.
      arm(s);
      if (end.oldest(answer) == ipc::answer_state::none) break;
      continue;
    }
    if (state == ipc::answer_state::corrupt) {
      condemn(index, end_reason::corrupt_answer, "its answers make no sense");
      break;
    }
    free_input_block(end.payload_at(end.head()));
    --s.held;
    s.has_moved = has_any = true;
    const bool is_value = answer.kind == static_cast<std::uint8_t>(reply_kind::value);
    keeper_->on_reply(s.link->slot(), job_id{answer.tag},
                      is_value ? reply_kind::value : reply_kind::error, answer.bytes);
    end.pop();
  }
  return has_any;
}

void lane_set::arm(seat& of) {
  auto& end = of.link->end();
  if (of.held == 0) return end.notify_at(std::nullopt);
  end.notify_at(end.head() + (of.held - 1) / 2);
}

bool lane_set::post(slot_id slot, job_id job, std::span<const std::byte> payload) {
  auto& s = seats_[slot.value];
  if (!s.link || !s.is_ready || s.is_condemned || s.link->end().is_full()) return false;
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
  ++s.sent;
  if (s.held++ == 0) {
    s.has_moved = true;
    arm(s);
  }
  end.wake_if_asleep();
  return true;
}

std::size_t lane_set::in_flight(slot_id slot) const {
  return seats_[slot.value].held;
}

void lane_set::kill(slot_id slot, const char* reason) {
  const bool is_late = reason == std::string_view{"message_timeout"};
  condemn(slot.value, is_late ? end_reason::message_timeout : end_reason::protocol_error, reason);
}

void lane_set::condemn(std::size_t index, end_reason reason, const char* text) {
  auto& s = seats_[index];
  if (!s.link || s.is_condemned) return;
  s.is_condemned = true;
  supervision_->note_reason(s.link->slot(), s.link->incarnation(), reason);
  environment_->log("worker " + name_of(s.link->slot()) + " (pid " + std::to_string(s.link->pid()) +
                    ") is killed and replaced: " + text);
  s.link->signal(SIGKILL, signal_scope::group);
}

void lane_set::free_input_block(const ipc::outgoing_payload& payload) {
  if (payload.is_in_arena) input_arena_.release(payload.arena_offset, payload.arena_size);
}

// The worker is dead and its memory final.
void lane_set::detach(worker_link& link, const exit_record& record) {
  environment_->dispatch().unwatch(link.end().doorbell());
  const auto index = link.slot().value;
  if (seats_[index].link.get() != &link) return;
  ++exits_;
  if (!seats_[index].is_ready && link.is_ready()) find_ready(index);
  take_answers(index);
  auto& end = link.end();
  std::optional<job_id> running;
  for (auto position = end.head(); position < end.tail(); ++position) {
    free_input_block(end.payload_at(position));
    if (!running && end.fate(position) != ipc::job_fate::not_begun) {
      running = job_id{end.tag_at(position)};
    }
  }
  const bool was_ready = seats_[index].is_ready;
  seats_[index] = {};
  if (was_ready) keeper_->on_detached(link.slot(), running, record);
  supervision_->on_exited(link.slot(), link.incarnation(), record);
}

std::vector<int> lane_set::pids() const {
  std::vector<int> out;
  for (const auto& s : seats_) out.push_back(s.link ? s.link->pid() : 0);
  return out;
}

bool lane_set::has_jobs() const noexcept {
  for (const auto& s : seats_) {
    if (s.held > 0) return true;
  }
  return false;
}

void lane_set::check(time_point now) {
  if (keeper_ == nullptr) return;
  const bool checks_recycling = now >= next_recycle_check_;
  if (checks_recycling) next_recycle_check_ = now + recycle_check_period;
  for (auto& s : seats_) {
    if (!s.link || !s.is_ready || s.is_condemned) continue;
    if (s.held > 0) check_head(s, now);
    if (checks_recycling || settings_.recycle.messages_max > 0) check_recycling(s, now);
  }
}

void lane_set::check_head(seat& of, time_point now) {
  if (std::exchange(of.has_moved, false)) of.head_since = now;
  auto& end = of.link->end();
  if (end.fate(end.head()) != ipc::job_fate::not_begun) return;
  if (now - of.head_since > unresponsive_max) {
    condemn(of.link->slot().value, end_reason::unresponsive,
            "it does not take the jobs it is given");
  } else if (now - of.head_since > unnoticed_max) {
    end.wake_anyway();
  }
}

void lane_set::check_recycling(seat& of, time_point now) {
  const auto& limits = settings_.recycle;
  if (of.is_recycling) return;
  auto reached = end_reason::by_itself;
  if (limits.messages_max > 0 && of.sent >= limits.messages_max) {
    reached = end_reason::max_messages;
  } else if (limits.age_max > duration::zero() && now - of.ready_since >= limits.age_max) {
    reached = end_reason::max_age;
  } else if (limits.memory_max_bytes > 0 && of.link->pid() > 0 &&
             os::resident_bytes(of.link->pid()) > limits.memory_max_bytes) {
    reached = end_reason::max_memory;
  }
  if (reached == end_reason::by_itself) return;
  of.is_recycling = true;
  supervision_->note_reason(of.link->slot(), of.link->incarnation(), reached);
  supervision_->recycle(of.link->slot(), of.link->incarnation());
}

bool lane_set::kill_one(std::uint64_t random) {
  std::vector<seat*> alive;
  for (auto& s : seats_) {
    if (s.link && s.link->pid() > 0) alive.push_back(&s);
  }
  if (alive.empty()) return false;
  auto& victim = *alive[random % alive.size()];
  if (keeper_ != nullptr) keeper_->forgive(victim.link->slot());
  supervision_->note_reason(victim.link->slot(), victim.link->incarnation(), end_reason::chaos);
  victim.link->signal(SIGKILL, signal_scope::group);
  return true;
}

} // namespace troupe
