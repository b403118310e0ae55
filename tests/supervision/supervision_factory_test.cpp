// Goal: the real factory, with its own threads, supervises, stops and ends without hanging.
// Method: pretended workers that answer from other threads; waits only for events.

#include "fake_pool.hpp"

#include "support/actor_fixture.hpp"
#include "support/print.hpp"
#include "troupe/supervision/supervision_factory.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// Timers that go off at once, on a thread of their own: every pause is as short as can be.
class hasty_timers final : public timer_service {
public:
  ~hasty_timers() override {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void schedule_after(duration delay, std::function<void()> callback) override {
    const std::lock_guard lock{mutex_};
    // Long ones are time limits, which nobody here reaches; they stay pending to the end.
    (delay < 1s ? due_ : kept_).push_back(std::move(callback));
    wake_.notify_all();
  }

private:
  void run() {
    auto lock = std::unique_lock{mutex_};
    for (;;) {
      wake_.wait(lock, [this] { return is_over_ || !due_.empty(); });
      if (is_over_) return;
      auto next = std::move(due_.front());
      due_.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> due_;
  std::deque<std::function<void()>> kept_;
  bool is_over_ = false;
  std::thread thread_{[this] { run(); }};
};

/// A pool whose workers are ready as soon as they are started and die of any signal but CONT.
class lively_pool final : public slot_control {
public:
  void start(slot_id slot, incarnation_id incarnation) override {
    change([&] { live_[slot] = incarnation; });
    supervision->on_ready(slot, incarnation);
  }
  void drain(slot_id slot, incarnation_id incarnation) override {
    supervision->on_drained(slot, incarnation);
  }
  void signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope) override {
    if (signal != SIGCONT) kill(slot, incarnation, signal);
  }
  void abandon(slot_id) override {
    change([&] { ++abandoned_; });
  }
  void give_up(const failure&) override {
    change([&] { ++given_up_; });
  }
  void stopped() override {
    change([&] { ++stopped_; });
  }

  void kill(slot_id slot, incarnation_id incarnation, int signal) {
    auto was_live = false;
    change([&] {
      const auto found = live_.find(slot);
      was_live = found != live_.end() && found->second == incarnation;
      if (was_live) live_.erase(found);
    });
    auto record = exit_record{};
    record.status = exit_status::killed_by(signal);
    if (was_live) supervision->on_exited(slot, incarnation, record);
  }

  /// Waits until `slot` is filled by `incarnation` or a later one.
  void await_incarnation(slot_id slot, incarnation_id incarnation) {
    await([&] { return live_.contains(slot) && live_.at(slot) >= incarnation; });
  }
  void await_stopped() {
    await([&] { return stopped_ > 0; });
  }

  pool_supervision* supervision = nullptr;
  int stopped_ = 0;
  int given_up_ = 0;
  int abandoned_ = 0;

private:
  template<class F>
  void change(F&& f) {
    {
      const std::lock_guard lock{mutex_};
      f();
    }
    changed_.notify_all();
  }
  template<class F>
  void await(F&& condition) {
    auto lock = std::unique_lock{mutex_};
    changed_.wait(lock, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<slot_id, incarnation_id> live_;
};

pool_supervision_spec lively_spec(std::uint32_t replicas) {
  auto spec = pool_supervision_spec{};
  spec.name = "lively";
  spec.replicas = replicas;
  spec.restart.intensity = unlimited_restarts;
  spec.restart.backoff.max = 1ms;
  return spec;
}

struct lively {
  lively(supervision_factory& factory, const pool_supervision_spec& spec)
      : control{std::make_shared<lively_pool>()}, supervision{factory.make(spec, control)} {
    control->supervision = supervision.get();
  }
  std::shared_ptr<lively_pool> control;
  std::unique_ptr<pool_supervision> supervision;
};

std::unique_ptr<supervision_factory> real_factory() {
  return make_supervision_factory({.timers = std::make_shared<hasty_timers>()});
}

/// Counts the threads of this process whose names begin like this.
std::size_t threads_named(std::string_view beginning) {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    auto name = std::string{};
    std::getline(std::ifstream{task.path() / "comm"}, name);
    if (name.starts_with(beginning)) ++count;
  }
  return count;
}

BOOST_AUTO_TEST_SUITE(supervision_factory_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(unused_factory_starts_nothing) {
  const auto factory = real_factory();
}

// CAF would make its own while it constructs the system, and die when one is refused.
BOOST_AUTO_TEST_CASE(every_thread_of_the_actors_is_made_by_us) {
  const auto factory = real_factory();
  auto pool = lively{*factory, lively_spec(2)};
  // A thread names itself, a moment after it was made.
  while (threads_named("troupe-actors") < 2) std::this_thread::yield();
  BOOST_TEST(threads_named("troupe-actors") == 2U);
  BOOST_TEST(threads_named("caf.") == 0U);
}

BOOST_AUTO_TEST_CASE(killed_workers_come_back_and_the_pool_stops) {
  const auto factory = real_factory();
  auto pool = lively{*factory, lively_spec(4)};
  pool.supervision->start();
  for (std::uint64_t life = 0; life < 50; ++life) {
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
      pool.control->await_incarnation({slot}, {life});
      pool.control->kill({slot}, {life}, SIGKILL);
    }
  }
  pool.supervision->stop(stop_mode::drain);
  pool.control->await_stopped();

  auto answer = std::promise<std::vector<slot_status>>{};
  pool.supervision->query([&](std::vector<slot_status> slots) { answer.set_value(slots); });
  for (const auto& slot : answer.get_future().get()) {
    BOOST_TEST(slot.state == slot_state::stopped);
    BOOST_TEST(slot.restarts <= 50U);
  }
  BOOST_TEST(pool.control->stopped_ == 1);
  BOOST_TEST(pool.control->given_up_ == 0);
}

BOOST_AUTO_TEST_CASE(query_sees_what_its_thread_has_told_before) {
  const auto factory = real_factory();
  auto pool = lively{*factory, lively_spec(3)};
  for (int i = 0; i < 100; ++i) {
    auto answer = std::promise<std::size_t>{};
    pool.supervision->query([&](auto slots) { answer.set_value(slots.size()); });
    BOOST_TEST(answer.get_future().get() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(pools_can_be_destroyed_at_any_moment) {
  const auto factory = real_factory();
  for (std::uint32_t round = 0; round < 50; ++round) {
    auto control = std::make_shared<fake_pool>();
    auto supervision = factory->make(lively_spec(round % 5), control);
    if (round % 3 != 0) supervision->start();
    if (round % 3 == 2) supervision->stop(stop_mode::quick);
    supervision.reset();
    // Nobody calls the pool any more, nor holds it.
    BOOST_TEST(control.use_count() == 1);
  }
}

BOOST_AUTO_TEST_CASE(factory_may_end_before_its_pools) {
  auto factory = real_factory();
  auto control = std::make_shared<fake_pool>();
  auto supervision = factory->make(lively_spec(2), control);
  supervision->start();
  factory.reset();
  supervision->start();
  supervision->on_ready({0}, {0});
  supervision->stop(stop_mode::kill);
  auto is_answered = false;
  supervision->query([&](auto slots) { is_answered = slots.size() == 2; });
  BOOST_TEST(is_answered);
  BOOST_TEST(control.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(pool_may_destroy_its_supervision_from_inside_stopped) {
  const auto factory = real_factory();
  struct suicidal final : slot_control {
    void start(slot_id, incarnation_id) override {}
    void drain(slot_id, incarnation_id) override {}
    void signal(slot_id, incarnation_id, int, signal_scope) override {}
    void abandon(slot_id) override {}
    void give_up(const failure&) override {}
    void stopped() override {
      supervision.reset();
      is_over.set_value();
    }
    std::unique_ptr<pool_supervision> supervision;
    std::promise<void> is_over;
  };
  auto control = std::make_shared<suicidal>();
  control->supervision = factory->make(lively_spec(2), control);
  control->supervision->stop(stop_mode::quick);
  control->is_over.get_future().wait();
}

BOOST_AUTO_TEST_CASE(late_timers_and_exits_find_nobody) {
  auto timers = std::make_shared<fake_timers>();
  auto control = std::make_shared<fake_pool>();
  {
    const auto factory = make_supervision_factory({.timers = timers});
    auto supervision = factory->make(lively_spec(2), control);
    supervision->start();
    auto answer = std::promise<void>{};
    supervision->query([&](auto) { answer.set_value(); });
    answer.get_future().wait();
    supervision.reset();
  }
  timers->advance_to(timers->now() + 24h, [] {});
  BOOST_TEST(timers->pending() == 0U);
  BOOST_TEST(control.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(many_pools_share_one_actor_system) {
  const auto factory = real_factory();
  auto pools = std::vector<lively>{};
  for (int i = 0; i < 20; ++i) pools.emplace_back(*factory, lively_spec(10));
  for (auto& pool : pools) pool.supervision->start();
  for (auto& pool : pools) {
    for (std::uint32_t slot = 0; slot < 10; ++slot) pool.control->await_incarnation({slot}, {0});
    pool.supervision->stop(stop_mode::quick);
  }
  for (auto& pool : pools) pool.control->await_stopped();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
