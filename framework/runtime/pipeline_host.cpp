// Part of Troupe; see LICENSE.

#include "troupe/runtime/pipeline_host.hpp"

#include "troupe/config/units.hpp"
#include "troupe/pipeline/host_lane.hpp"
#include "troupe/pipeline/session.hpp"
#include "troupe/pool/worker_loop.hpp"
#include "troupe/process/function_address.hpp"

#include <algorithm>
#include <cstring>
#include <future>
#include <utility>

namespace troupe {

namespace {

constexpr auto drain_check_period = std::chrono::milliseconds{100};
constexpr auto check_period = std::chrono::milliseconds{10};
constexpr std::uint32_t kills_in_vain_max = 3;
constexpr auto report_wait_max = std::chrono::seconds{2};

// Runs in the workers: one job of a pipeline.
void run_pipeline_job(std::span<const std::byte> payload, reply_sink& reply) {
  pipeline::serve_job(payload, [&](std::span<const std::byte> bytes) {
    const auto room = reply.room(bytes.size());
    if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
  });
}

} // namespace

/// Joins a lane set to its stage.
class pipeline_host::keeper final : public lane_keeper {
public:
  keeper(pipeline_host& host, pipeline::stage& stage) : host_{host}, stage_{stage} {}

  void on_attached(slot_id slot, incarnation_id incarnation) override {
    stage_.on_attached(slot, incarnation);
  }
  void on_reply(slot_id slot, job_id job, reply_kind kind,
                std::span<const std::byte> bytes) override {
    stage_.on_reply(slot, job, kind, bytes);
  }
  void on_detached(slot_id slot, std::optional<job_id> running,
                   const exit_record& record) override {
    stage_.on_detached(slot, running, record);
  }
  void on_abandoned(slot_id slot) override { stage_.on_abandoned(slot); }
  void hold(slot_id slot, bool is_held) override { stage_.hold(slot, is_held); }
  void forgive(slot_id slot) override { stage_.forgive(slot); }
  // What is in hand when the pipeline has failed comes to nothing: nobody waits for it.
  bool is_idle(slot_id slot) const override {
    return host_.engine_.state() != pipeline::engine_state::running || stage_.is_idle(slot);
  }
  void set_quota(slot_id slot, std::uint64_t messages) override {
    stage_.set_quota(slot, messages);
  }
  std::uint64_t messages_done(slot_id slot) const override { return stage_.messages_done(slot); }
  void on_gave_up(const failure& cause) override { host_.engine_.fail(cause); }
  void on_stopped() override { host_.on_lane_stopped(); }

private:
  pipeline_host& host_;
  pipeline::stage& stage_;
};

pipeline_host::pipeline_host(const pipeline::graph& plan, std::vector<pool_settings> settings,
                             pool_environment& environment, pipeline_events events)
    : environment_{environment}, events_{std::move(events)}, engine_{plan, *this},
      settings_{std::move(settings)} {
  const auto code = address_of_code(reinterpret_cast<const void*>(&run_pipeline_job)).packed;
  for (std::size_t i = 0; i < engine_.stage_count(); ++i) {
    keepers_.push_back(std::make_unique<keeper>(*this, engine_.stage_at(i)));
    lanes_.push_back(make_lanes(i, code));
    engine_.connect(i, *lanes_.back());
  }
  lanes_running_ = lanes_.size();
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const auto to = plan.nodes()[i].dead_letter;
    if (to && plan.consumers_of(*to) > 0) keeps_dead_letters_.insert(plan.spec().stages[i].name);
  }
}

pipeline_host::~pipeline_host() = default;

std::shared_ptr<lane_group> pipeline_host::make_lanes(std::size_t stage, std::uint64_t job_code) {
  const auto& worker = engine_.stage_at(stage).spec().worker;
  const auto* const entry =
      worker.module.empty() ? find_worker(worker_list(), worker.name) : nullptr;
  if (entry != nullptr && entry->runs_in_host && settings_[stage].replicas > 0) {
    return pipeline::host_lane::make(worker.name, environment_, *keepers_[stage], *this);
  }
  return lane_set::make(settings_[stage], job_code, environment_, *keepers_[stage], *this);
}

void pipeline_host::start() {
  environment_.dispatch().add(shared_from_this());
  for (const auto& lanes : lanes_) lanes->start_workers();
}

void pipeline_host::stop_producing() {
  environment_.dispatch().post([self = shared_from_this()] {
    if (!self->draining_since_) self->draining_since_ = clock::now();
    self->engine_.stop_producing();
    for (const auto& lanes : self->lanes_) lanes->stop_producing();
  });
}

void pipeline_host::stop_workers(stop_mode mode) {
  for (const auto& lanes : lanes_) lanes->stop(mode);
}

void pipeline_host::set_chaos(duration period, std::uint64_t seed) {
  environment_.dispatch().post([self = shared_from_this(), period, seed] {
    self->random_.seed(seed);
    self->chaos_period_ = period;
    self->next_kill_ = clock::now() + period;
  });
}

void pipeline_host::query(std::size_t stage,
                          std::function<void(std::vector<slot_status>)> receiver) {
  lanes_.at(stage)->query(std::move(receiver));
}

void pipeline_host::disconnect() {
  environment_.dispatch().remove(*this);
  is_disconnected_ = true;
  for (const auto& lanes : lanes_) lanes->disconnect();
}

template<class T>
std::vector<T> pipeline_host::ask(std::vector<T> (pipeline_host::*question)()) {
  const auto answer = std::make_shared<std::promise<std::vector<T>>>();
  auto looked = answer->get_future();
  environment_.dispatch().post([self = shared_from_this(), answer, question] {
    answer->set_value((self.get()->*question)());
  });
  if (looked.wait_for(report_wait_max) != std::future_status::ready) return {};
  return looked.get();
}

std::vector<stage_report> pipeline_host::report() {
  return ask(&pipeline_host::look);
}

std::vector<channel_report> pipeline_host::channels() {
  return ask(&pipeline_host::look_at_channels);
}

std::vector<channel_report> pipeline_host::look_at_channels() {
  std::vector<channel_report> out;
  for (std::size_t i = 0; i < engine_.channel_count(); ++i) {
    const auto& channel = engine_.channel_at(i);
    const auto& spec = channel.spec();
    out.push_back({spec.name, spec.capacity, spec.policy, channel.counters()});
  }
  return out;
}

std::vector<stage_report> pipeline_host::look() {
  std::vector<stage_report> out;
  for (std::size_t i = 0; i < engine_.stage_count(); ++i) {
    auto& stage = engine_.stage_at(i);
    const auto role = stage.role();
    out.push_back({.name = stage.spec().name,
                   .role = role ? std::string{to_string(*role)} : "",
                   .replicas = stage.spec().replicas,
                   .counters = stage.counters(),
                   .worker_exits = lanes_[i]->exits(),
                   .pids = lanes_[i]->pids(),
                   .is_finished = stage.is_finished()});
  }
  return out;
}

time_point pipeline_host::serve(time_point now) {
  return turn(now);
}

time_point pipeline_host::tick(time_point now) {
  auto next = time_point::max();
  for (const auto& lanes : lanes_) next = std::min(next, lanes->check(now));
  if (chaos_period_ > duration::zero()) make_chaos(now);
  next = std::min(next, turn(now));
  if (!draining_since_ || engine_.state() != pipeline::engine_state::running) return next;
  return std::min({next, now + drain_check_period, check_drain(now)});
}

std::uint64_t pipeline_host::progress_made() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < engine_.stage_count(); ++i) {
    const auto counters = engine_.counters(i);
    sum += counters.commits + counters.errors + counters.dead_letters;
  }
  return sum;
}

duration pipeline_host::drain_of(std::size_t stage) {
  const auto drain = settings_[stage].stop.drain;
  const bool is_source = engine_.stage_at(stage).spec().inputs.empty();
  return is_source ? std::max(drain, source_drain_min) : drain;
}

// A worker that does not answer must not hold up the stop longer than its pool allows. Returns when
// that is so.
time_point pipeline_host::check_drain(time_point now) {
  if (const auto made = progress_made(); made != progress_seen_) {
    progress_seen_ = made;
    draining_since_ = now;
  }
  duration by_holders{};
  duration by_all{};
  std::string stuck;
  for (std::size_t i = 0; i < engine_.stage_count(); ++i) {
    const auto& stage = engine_.stage_at(i);
    if (stage.is_finished()) continue;
    by_all = std::max(by_all, drain_of(i));
    if (!stage.is_busy()) continue;
    by_holders = std::max(by_holders, drain_of(i));
    const auto held = stage.unfinished();
    stuck += (stuck.empty() ? "pool '" : ", pool '") + stage.spec().name + "' (" +
             std::to_string(held) + (held == 1 ? " message)" : " messages)");
  }
  const auto allowed = stuck.empty() ? by_all : by_holders;
  if (now - *draining_since_ < allowed) return *draining_since_ + allowed;
  const auto what = stuck.empty() ? "no pool has anything in hand" : "it waited for " + stuck;
  events_.log(allowed > duration::zero()
                  ? "the stop waits no longer (stop.drain): nothing has got on for " +
                        config::format_duration(allowed) + "; " + what
                  : "the stop does not wait (stop.drain: 0s) for " + stuck);
  engine_.abandon();
  if (!std::exchange(is_told_, true)) events_.on_abandoned();
  return time_point::max();
}

// Takes answers and moves messages until nothing moves.
time_point pipeline_host::turn(time_point now) {
  constexpr int rounds_max = 64;
  for (int round = 0; round < rounds_max; ++round) {
    bool has_any = false;
    for (const auto& lanes : lanes_) has_any = lanes->poll() || has_any;
    engine_.pump(now);
    if (!has_any) break;
  }
  auto next = engine_.next_due();
  if (chaos_period_ > duration::zero()) next = std::min(next, next_kill_);
  const bool has_jobs = std::any_of(lanes_.begin(), lanes_.end(),
                                    [](const auto& lanes) { return lanes->has_jobs(); });
  if (has_jobs) next = std::min(next, now + check_period);
  return std::max(next, now + std::chrono::microseconds{50}); // Never a busy loop.
}

void pipeline_host::make_chaos(time_point now) {
  if (now < next_kill_ || engine_.state() != pipeline::engine_state::running) return;
  next_kill_ = now + chaos_period_;
  const auto start = random_();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto stage = (start + i) % lanes_.size();
    if (!is_spared(stage) && lanes_[stage]->kill_one(random_())) {
      ++kills_;
      ++kill_records_[stage].in_vain;
      return;
    }
  }
}

bool pipeline_host::is_spared(std::size_t stage) {
  kill_records_.resize(lanes_.size());
  auto& record = kill_records_[stage];
  const auto counters = engine_.stage_at(stage).counters();
  if (counters.commits != record.commits) record = {.commits = counters.commits, .in_vain = 0};
  return record.in_vain >= kills_in_vain_max * settings_[stage].replicas;
}

void pipeline_host::on_dead_letter(std::string_view stage, std::string_view line, bool is_kept) {
  // A channel that no pool reads ends with this process.
  if (!is_kept || !keeps_dead_letters_.contains(stage)) {
    events_.log("pool '" + std::string{stage} + "' gave a message up: " + std::string{line});
  }
}

void pipeline_host::on_notice(std::string_view stage, std::string_view text) {
  events_.log("pool '" + std::string{stage} + "': " + std::string{text});
}

void pipeline_host::on_finished() {
  if (!std::exchange(is_told_, true)) events_.on_finished();
}

void pipeline_host::on_failed(const failure& cause) {
  if (!std::exchange(is_told_, true)) events_.on_failed(cause);
}

void pipeline_host::on_lane_stopped() {
  if (--lanes_running_ == 0) events_.on_stopped();
}

} // namespace troupe
