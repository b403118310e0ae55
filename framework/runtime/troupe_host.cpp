// Part of Troupe; see LICENSE.

#include "troupe/runtime/troupe_host.hpp"

#include "troupe/config/units.hpp"
#include "troupe/pool/dispatcher.hpp"
#include "troupe/runtime/host_environment.hpp"
#include "troupe/runtime/translation.hpp"

#include <algorithm>
#include <future>
#include <numeric>

namespace troupe {

namespace {
constexpr auto query_wait_max = std::chrono::seconds{2};
// After the workers were killed; only the kernel could hold them longer.
constexpr auto end_wait_max = std::chrono::seconds{10};
} // namespace

/// Looks at the clock from the moment when the end begins.
class troupe_host::end_watch final : public dispatched {
public:
  end_watch(troupe_host& host, duration limit) : host_{host}, limit_{limit} {}

  /// The first call counts.
  void begin() {
    {
      const std::lock_guard lock{mutex_};
      const auto now = clock::now();
      // A limit that no clock can hold is none.
      if (due_ || limit_ >= time_point::max() - now) return;
      due_ = now + limit_;
    }
    host_.environment_->dispatch().wake();
  }

  time_point serve(time_point now) override { return tick(now); }
  time_point tick(time_point now) override {
    {
      const std::lock_guard lock{mutex_};
      if (!due_ || is_over_) return time_point::max();
      if (now < *due_) return *due_;
      is_over_ = true;
    }
    host_.on_end_too_slow();
    return time_point::max();
  }

private:
  troupe_host& host_; // Removes this from the dispatcher before it goes.
  const duration limit_;
  std::mutex mutex_; // Protects what follows.
  std::optional<time_point> due_;
  bool is_over_ = false;
};

troupe_host::troupe_host(const config::troupe_spec& spec, const run_options& options)
    : name_{spec.name}, environment_{shared_environment()},
      shutdown_timeout_{spec.shutdown_timeout}, end_watch_{std::make_shared<end_watch>(
                                                    *this, spec.shutdown_timeout)} {
  const bool has_chaos = options.chaos > duration::zero();
  auto plan = plan_pipeline(spec, has_chaos).value();
  if (!plan.graph.stages.empty()) {
    stages_ = plan.graph.stages.size();
    const auto graph = pipeline::graph::make(std::move(plan.graph)).value();
    pipeline_ = std::make_shared<pipeline_host>(
        graph, std::move(plan.settings), *environment_,
        pipeline_events{
            .on_finished = [this] { on_pipeline_finished(); },
            // What they have in hand has been waited for.
            .on_abandoned =
                [this] { end_with(run_result::ending::stopped, std::nullopt, stop_mode::quick); },
            .on_failed =
                [this](const failure& cause) { end_with(run_result::ending::failed, cause); },
            .on_stopped = [this] { on_part_stopped(); },
            .log = [this](std::string_view line) { environment_->log(line); }});
    ++parts_running_;
    is_pipeline_active_ = true;
    if (has_chaos) pipeline_->set_chaos(options.chaos, options.chaos_seed);
  }
  add_services(spec);
  environment_->dispatch().add(end_watch_);
}

void troupe_host::add_services(const config::troupe_spec& spec) {
  for (auto& settings : plan_services(spec)) {
    services_.push_back(service_pool::make(
        std::move(settings), *environment_,
        {.on_gave_up =
             [this](const failure& cause) { end_with(run_result::ending::failed, cause); },
         .on_completed = [this](bool has_failed) { on_service_completed(has_failed); },
         .on_stopped = [this] { on_part_stopped(); }}));
  }
  parts_running_ += services_.size();
  services_active_ = services_.size();
}

void troupe_host::refuse_forked_copy() const {
  if (guard_.is_forked_copy()) guard_.refuse_forked_copy("the troupe '" + name_ + "'");
}

troupe_host::~troupe_host() {
  if (guard_.is_forked_copy()) {
    os::leak(std::move(changed_));
    os::leak(std::move(pipeline_));
    os::leak(std::move(services_));
    return;
  }
  stop(stop_mode::kill);
  (void)wait(deadline::after(end_wait_max));
  environment_->dispatch().remove(*end_watch_);
  if (pipeline_) pipeline_->disconnect();
  for (const auto& service : services_) service->disconnect();
}

void troupe_host::start() {
  refuse_forked_copy();
  if (pipeline_) pipeline_->start();
  for (const auto& service : services_) service->start_all();
}

void troupe_host::stop(stop_mode mode) {
  refuse_forked_copy();
  if (mode == stop_mode::drain) {
    const std::lock_guard lock{mutex_};
    if (is_pipeline_active_ && result_.how == run_result::ending::running) {
      // The pipeline's end stops the rest; services go on until then.
      is_stopping_ = true;
      end_watch_->begin();
      pipeline_->stop_producing();
      return;
    }
  }
  end_with(run_result::ending::stopped, std::nullopt);
  if (mode == stop_mode::kill) stop_parts(stop_mode::kill);
}

void troupe_host::on_pipeline_finished() {
  auto how = run_result::ending::finished;
  {
    const std::lock_guard lock{mutex_};
    is_pipeline_active_ = false;
    how = is_stopping_ ? run_result::ending::stopped : run_result::ending::finished;
    // Services run until they are stopped.
    if (services_active_ > 0 && !is_stopping_) return;
  }
  end_with(how, std::nullopt);
}

void troupe_host::on_service_completed(bool has_failed) {
  {
    const std::lock_guard lock{mutex_};
    if (services_active_ > 0) --services_active_;
    if (has_failed && !result_.cause) {
      result_.cause = failure{errc::worker_lost, "a service ended badly and its restart rules "
                                                 "allow no more starts; see the log above"};
    }
    if (services_active_ > 0 || is_pipeline_active_) return;
  }
  end_with(run_result::ending::finished, std::nullopt);
}

// The first ending counts; all parts are stopped by it.
void troupe_host::end_with(run_result::ending how, std::optional<failure> cause, stop_mode mode) {
  {
    const std::lock_guard lock{mutex_};
    if (result_.how != run_result::ending::running) return;
    const bool has_failed_before = how == run_result::ending::finished && result_.cause;
    result_.how = has_failed_before ? run_result::ending::failed : how;
    if (cause) result_.cause = std::move(cause);
    is_stopping_ = true;
  }
  end_watch_->begin();
  remember_slots(); // Asked before they are stopped, so answered before.
  stop_parts(mode);
}

void troupe_host::on_end_too_slow() {
  {
    const std::lock_guard lock{mutex_};
    if (has_ended()) return;
    was_too_slow_ = true;
  }
  environment_->log("stopping took longer than shutdown.timeout (" +
                    config::format_duration(shutdown_timeout_) + "): killing what is left");
  end_with(run_result::ending::stopped, std::nullopt);
  stop_parts(stop_mode::kill);
}

bool troupe_host::has_ended() const {
  return parts_running_ == 0 && result_.how != run_result::ending::running;
}

void troupe_host::stop_parts(stop_mode mode) {
  if (pipeline_) pipeline_->stop_workers(mode);
  for (const auto& service : services_) service->stop(mode);
}

void troupe_host::on_part_stopped() {
  const std::lock_guard lock{mutex_};
  if (parts_running_ > 0) --parts_running_;
  changed_->notify_all();
}

bool troupe_host::wait(deadline limit) {
  refuse_forked_copy();
  std::unique_lock lock{mutex_};
  const auto is_over = [this] { return has_ended(); };
  if (limit.is_never()) {
    changed_->wait(lock, is_over);
    return true;
  }
  return changed_->wait_until(lock, limit.when(), is_over);
}

run_result troupe_host::result() {
  refuse_forked_copy();
  const std::lock_guard lock{mutex_};
  auto out = result_;
  out.has_ended = has_ended();
  out.is_stopping = is_stopping_ && !out.has_ended;
  out.was_too_slow = was_too_slow_;
  return out;
}

std::uint64_t troupe_host::kills() const {
  refuse_forked_copy();
  return pipeline_ ? pipeline_->kills() : 0;
}

std::vector<pool_report> troupe_host::report() {
  refuse_forked_copy();
  std::vector<pool_report> out;
  if (pipeline_) {
    for (auto& stage : pipeline_->report()) {
      pool_report pool;
      pool.stage = std::move(stage);
      out.push_back(std::move(pool));
    }
  }
  for (const auto& service : services_) {
    pool_report pool;
    pool.stage.name = service->settings().name;
    pool.stage.role = "service";
    pool.stage.replicas = service->settings().replicas;
    pool.stage.pids = service->pids();
    pool.is_service = true;
    out.push_back(std::move(pool));
  }
  query_slots(out);
  return out;
}

std::vector<channel_report> troupe_host::channels() {
  return pipeline_ ? pipeline_->channels() : std::vector<channel_report>{};
}

// Pools in the order of `report`.
template<class F>
void troupe_host::for_each_supervisor(F&& f) {
  for (std::size_t i = 0; i < stages_; ++i) {
    f(i, [this, i](auto receiver) { pipeline_->query(i, std::move(receiver)); });
  }
  for (std::size_t i = 0; i < services_.size(); ++i) {
    f(stages_ + i, [this, i](auto receiver) { services_[i]->query(std::move(receiver)); });
  }
}

void troupe_host::remember_slots() {
  {
    const std::lock_guard lock{memory_->mutex};
    memory_->slots.resize(stages_ + services_.size());
  }
  for_each_supervisor([this](std::size_t pool, auto query) {
    query([memory = memory_, pool](std::vector<slot_status> slots) {
      const std::lock_guard lock{memory->mutex};
      memory->slots[pool] = std::move(slots);
    });
  });
}

void troupe_host::query_slots(std::vector<pool_report>& reports) {
  if (reports.size() != stages_ + services_.size()) return; // The dispatcher did not answer.
  std::vector<std::future<std::vector<slot_status>>> answers;
  for_each_supervisor([&](std::size_t, auto query) {
    const auto promise = std::make_shared<std::promise<std::vector<slot_status>>>();
    answers.push_back(promise->get_future());
    query([promise](std::vector<slot_status> slots) { promise->set_value(std::move(slots)); });
  });
  const auto sum = [](const std::vector<slot_status>& slots) {
    return std::accumulate(
        slots.begin(), slots.end(), std::uint64_t{0},
        [](std::uint64_t n, const slot_status& one) { return n + one.restarts; });
  };
  const auto limit = clock::now() + query_wait_max;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].wait_until(limit) == std::future_status::ready) {
      reports[i].slots = answers[i].get();
      reports[i].restarts = sum(reports[i].slots);
    }
    const std::lock_guard lock{memory_->mutex};
    if (i < memory_->slots.size()) {
      reports[i].restarts = std::max(reports[i].restarts, sum(memory_->slots[i]));
    }
  }
}

} // namespace troupe
