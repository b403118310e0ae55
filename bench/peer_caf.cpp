// Part of Troupe; see LICENSE.

// CAF in one process: a pool of actors behind round robin, request and response, on as many
// scheduler threads as Troupe has workers. Many tasks are driven by an actor (its `then` is the
// future), single ones by a plain thread, as a caller of Troupe is one (scoped_actor).

#include "meter.hpp"
#include "work.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <exception>

namespace {

using namespace bench;

caf::behavior worker(caf::event_based_actor*) {
  return {[](std::uint64_t value) -> std::uint64_t { return noop(value); }};
}

/// What the driving actor knows: how far it is.
struct progress {
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  std::uint64_t sum = 0;
};

/// Keeps `window` requests outstanding; answers "go" with the sum when all are answered.
class driver {
public:
  driver(caf::stateful_actor<progress>* self, caf::actor pool, std::uint64_t window)
      : self_{self}, pool_{std::move(pool)}, window_{window} {}

  caf::behavior behavior() {
    return {[driver = *this](std::uint64_t tasks) mutable {
      driver.self_->state = progress{};
      driver.promise_ = driver.self_->make_response_promise<std::uint64_t>();
      driver.tasks_ = tasks;
      for (std::uint64_t i = 0; i < std::min(tasks, driver.window_); ++i) driver.send_next();
      return driver.promise_;
    }};
  }

private:
  void send_next() {
    auto next = [driver = *this](std::uint64_t answer) mutable { driver.on_answer(answer); };
    self_->request(pool_, caf::infinite, self_->state.sent++).then(next);
  }

  void on_answer(std::uint64_t answer) {
    auto& state = self_->state;
    state.sum += answer;
    if (++state.done == tasks_) promise_.deliver(state.sum);
    if (state.sent < tasks_) send_next();
  }

  caf::stateful_actor<progress>* self_;
  caf::actor pool_;
  std::uint64_t window_;
  std::uint64_t tasks_ = 0;
  caf::typed_response_promise<std::uint64_t> promise_;
};

std::uint64_t ask(caf::scoped_actor& self, const caf::actor& whom, std::uint64_t value) {
  std::uint64_t result = 0;
  self->request(whom, caf::infinite, value)
      .receive(
          [&](std::uint64_t answer) { result = answer; },
          [](const caf::error&) { throw std::runtime_error("an actor answered with an error"); });
  return result;
}

void submit(caf::actor_system& system, const caf::actor& pool, const arguments& args) {
  const auto window = args.get("window", 1024);
  const auto drive = [pool, window](caf::stateful_actor<progress>* self) {
    return driver{self, pool, window}.behavior();
  };
  const auto driving = system.spawn(drive);
  caf::scoped_actor self{system};
  const auto run = [&](std::uint64_t tasks) {
    require_equal(ask(self, driving, tasks), noop_sum(tasks), "sum of answers");
  };
  const auto tasks = args.get("tasks", 300'000);
  run(tasks / 10);
  measure_tasks(report{"caf", args.work()}, tasks, [&] { run(tasks); }).print();
  caf::anon_send_exit(driving, caf::exit_reason::user_shutdown);
}

void latency(caf::actor_system& system, const caf::actor& pool, const arguments& args) {
  caf::scoped_actor self{system};
  const auto round_trip = [&](std::uint64_t i) {
    require_equal(ask(self, pool, i), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  const auto tasks = args.get("tasks", 5000);
  measure_latency(report{"caf", args.work()}, tasks, args.get("idle_ns", 0), round_trip).print();
}

} // namespace

int main(int argc, char** argv) try {
  const bench::arguments args{argc, argv};
  const auto workers = args.get("workers", 2);
  caf::actor_system_config config;
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.policy",
             args.get("sharing", 0) != 0 ? caf::atom("sharing") : caf::atom("stealing"));
  caf::actor_system system{config};
  const auto make = [&] { return system.spawn(worker); };
  caf::scoped_execution_unit unit{&system};
  const auto pool = caf::actor_pool::make(&unit, workers, make, caf::actor_pool::round_robin());
  if (args.work() == "submit") {
    submit(system, pool, args);
  } else if (args.work() == "roundtrip" || args.work() == "idle_roundtrip") {
    latency(system, pool, args);
  } else {
    throw std::invalid_argument("this peer does not do " + args.work());
  }
  caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer_caf: %s\n", error.what());
  return 1;
}
