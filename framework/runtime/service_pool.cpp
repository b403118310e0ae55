// Part of Troupe; see LICENSE.

#include "troupe/runtime/service_pool.hpp"

#include "troupe/base/worker_text.hpp"
#include "troupe/os/memory_use.hpp"
#include "troupe/pool/recycle_rule.hpp"

#include <algorithm>

namespace troupe {

namespace {
// A stop sends two or three; a signal to a process that has ended is kept in vain.
constexpr std::size_t early_signals_max = 8;
constexpr auto look_period = std::chrono::seconds{1};
} // namespace

/// Hears about one incarnation of one command.
class service_pool::command final : public process_observer {
public:
  command(std::weak_ptr<service_pool> owner, slot_id slot, incarnation_id incarnation)
      : owner_{std::move(owner)}, slot_{slot}, incarnation_{incarnation} {}

  void on_started(std::shared_ptr<child_process> child) override {
    if (const auto owner = owner_.lock()) owner->on_started(slot_, incarnation_, std::move(child));
  }
  void on_start_failed(const failure& cause) override {
    if (const auto owner = owner_.lock()) {
      owner->supervision_->on_start_failed(slot_, incarnation_, cause);
    }
  }
  void on_exited(const exit_record& record) override {
    if (const auto owner = owner_.lock()) owner->on_exited(slot_, incarnation_, record);
  }
  void on_output(output_stream stream, std::string_view line) override {
    const auto owner = owner_.lock();
    if (!owner) return;
    const auto name = owner->settings_.name + "/" + std::to_string(slot_.value);
    owner->environment_.take_output(name, stream, line);
  }

private:
  const std::weak_ptr<service_pool> owner_;
  const slot_id slot_;
  const incarnation_id incarnation_;
};

std::shared_ptr<service_pool> service_pool::make(service_settings settings,
                                                 pool_environment& environment,
                                                 service_events events) {
  std::shared_ptr<service_pool> pool{
      new service_pool{std::move(settings), environment, std::move(events)}};
  const auto& chosen = pool->settings_;
  pool->supervision_ = pool->environment_.supervision().make({.name = chosen.name,
                                                              .replicas = chosen.replicas,
                                                              .restart = chosen.restart,
                                                              .stop = chosen.stop,
                                                              .start = chosen.start},
                                                             pool);
  return pool;
}

service_pool::service_pool(service_settings settings, pool_environment& environment,
                           service_events events)
    : settings_{std::move(settings)}, environment_{environment}, events_{std::move(events)},
      seats_(settings_.replicas) {}

void service_pool::start_all() {
  if (recycle_rule::has_to_look(settings_.recycle)) environment_.dispatch().add(shared_from_this());
  supervision_->start();
}

void service_pool::disconnect() {
  environment_.dispatch().remove(*this);
  supervision_.reset();
}

time_point service_pool::tick(time_point now) {
  if (!recycle_rule::has_to_look(settings_.recycle)) return time_point::max();
  if (now < next_look_) return next_look_;
  next_look_ = now + look_period;
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    auto& s = seats_[i];
    if (!s.child || s.is_recycling) continue;
    const auto limits = recycle_rule::spread(settings_.recycle, i, seats_.size());
    const auto memory_bytes =
        limits.memory_max_bytes > 0 ? os::resident_bytes(s.child->pid()) : std::uint64_t{0};
    const auto reached =
        recycle_rule::reached(limits, {.age = now - s.started_at, .memory_bytes = memory_bytes});
    if (!reached) continue;
    s.is_recycling = true;
    const slot_id slot{static_cast<std::uint32_t>(i)};
    supervision_->note_reason(slot, s.incarnation, *reached);
    supervision_->recycle(slot, s.incarnation);
  }
  return next_look_;
}

command_request service_pool::request_for(slot_id slot, incarnation_id incarnation) const {
  command_request request;
  request.options = settings_.process;
  request.options.surroundings = surroundings_;
  request.options.name = settings_.name + "/" + std::to_string(slot.value);
  auto& env = request.options.env;
  env["TROUPE_POOL"] = settings_.name;
  env["TROUPE_REPLICA"] = std::to_string(slot.value);
  env["TROUPE_REPLICAS"] = std::to_string(settings_.replicas);
  env["TROUPE_GENERATION"] = std::to_string(incarnation.value);
  const auto names = env;
  const auto expand = [&](const std::string& text) { return text::expand_for_worker(text, names); };
  text::expand_each_for_worker(env);
  request.options.working_dir = expand(request.options.working_dir);
  for (const auto& argument : settings_.argv) request.argv.push_back(expand(argument));
  return request;
}

void service_pool::start(slot_id slot, incarnation_id incarnation) {
  {
    const std::lock_guard lock{mutex_};
    seats_[slot.value] = {.incarnation = incarnation, .child = nullptr};
  }
  environment_.processes().start(request_for(slot, incarnation),
                                 std::make_shared<command>(weak_from_this(), slot, incarnation));
}

void service_pool::on_started(slot_id slot, incarnation_id incarnation,
                              std::shared_ptr<child_process> child) {
  {
    const std::lock_guard lock{mutex_};
    auto& s = seats_[slot.value];
    if (s.incarnation == incarnation) {
      s.child = std::move(child);
      s.started_at = clock::now();
      for (const auto& [number, scope] : std::exchange(s.early_signals, {})) {
        s.child->signal(number, scope);
      }
    }
  }
  supervision_->on_ready(slot, incarnation); // Without probes, running is ready.
}

void service_pool::on_exited(slot_id slot, incarnation_id incarnation, const exit_record& record) {
  {
    const std::lock_guard lock{mutex_};
    auto& s = seats_[slot.value];
    if (s.incarnation == incarnation) s.child.reset();
    const auto& good = settings_.restart.success_exit;
    s.has_failed = std::find(good.begin(), good.end(), record.status) == good.end();
  }
  supervision_->on_exited(slot, incarnation, record);
}

std::vector<int> service_pool::pids() {
  const std::lock_guard lock{mutex_};
  std::vector<int> out;
  for (const auto& s : seats_) out.push_back(s.child ? s.child->pid() : 0);
  return out;
}

void service_pool::drain(slot_id slot, incarnation_id incarnation) {
  supervision_->on_drained(slot, incarnation); // It is given nothing, so it holds nothing.
}

void service_pool::signal(slot_id slot, incarnation_id incarnation, int signal,
                          signal_scope scope) {
  const std::lock_guard lock{mutex_};
  auto& s = seats_[slot.value];
  if (s.incarnation != incarnation) return;
  if (s.child) {
    s.child->signal(signal, scope);
  } else if (s.early_signals.size() < early_signals_max) {
    s.early_signals.emplace_back(signal, scope);
  }
}

void service_pool::abandon(slot_id slot) {
  bool is_last = false;
  bool has_failed = false;
  {
    const std::lock_guard lock{mutex_};
    seats_[slot.value].is_abandoned = true;
    is_last =
        std::all_of(seats_.begin(), seats_.end(), [](const seat& s) { return s.is_abandoned; });
    has_failed =
        std::any_of(seats_.begin(), seats_.end(), [](const seat& s) { return s.has_failed; });
  }
  if (is_last) events_.on_completed(has_failed);
}

void service_pool::give_up(const failure& cause) {
  events_.on_gave_up(cause);
}

void service_pool::stopped() {
  events_.on_stopped();
}

} // namespace troupe
