// Goal: in a copy of the host that fork() or daemon() made, every call into Troupe fails at once
// and says what to do, destructors end, and the host does not notice. Method: fork a host with a
// busy pool and call everything in the copies, each with a hard limit.

#include "e2e/tasks.hpp"
#include "support/forked.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/pool.hpp"
#include "troupe/pool/wait_for_futures.hpp"
#include "troupe/runtime/host_environment.hpp"
#include "troupe/runtime/init.hpp"
#include "troupe/runtime/sinks.hpp"
#include "troupe/runtime/troupe_host.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <coroutine>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::holds_in_copy;
using test::square;

struct named_call {
  std::string name;
  std::function<void()> call;
};

bool is_refused(const std::function<void()>& call) {
  try {
    call();
  } catch (const forked_copy& refused) {
    return refused.code() == errc::forked_copy &&
           std::string_view{refused.what()}.find("exec in the child") != std::string_view::npos;
  }
  return false;
}

void check_refused(const std::vector<named_call>& calls, int (*make_copy)() = test::plain_fork) {
  for (const auto& [name, call] : calls) {
    BOOST_TEST(holds_in_copy([&one = call] { return is_refused(one); }, make_copy), name);
  }
}

/// Starts at once, and keeps what it was ended by.
struct eager {
  struct promise_type {
    std::exception_ptr thrown;
    eager get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { thrown = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
};
eager await(future<int> what) {
  co_await what;
}

std::size_t length_of(std::span<const std::byte> bytes) {
  return bytes.size();
}

/// A pool whose workers are at work, whose backlog is not empty, and one task of which is done.
struct busy_pool : clean_world {
  busy_pool() {
    for (int i = 0; i < 2; ++i) running.push_back(own->submit(test::wait_at_gate, door.name()));
    door.wait_for(2);
    for (int i = 0; i < 100; ++i) waiting.push_back(own->submit(square, i));
  }
  /// The host goes on as if nothing had been.
  ~busy_pool() {
    door.let_pass(2);
    for (const auto& each : running) BOOST_TEST(each.get() != 0);
    for (int i = 0; i < 100; ++i) BOOST_TEST(waiting[static_cast<std::size_t>(i)].get() == i * i);
    if (buffer) BOOST_TEST(own->submit(length_of, std::move(*buffer)).get() == 1000u);
    BOOST_TEST(own->apply(square, 5) == 25);
    BOOST_TEST(own->stats().worker_exits == 0u);
  }

  std::vector<named_call> calls_of_the_pool() {
    const auto numbers = std::vector{1, 2, 3};
    return {
        {"submit", [this] { (void)own->submit(square, 3); }},
        {"submit of much",
         [this] {
           (void)own->submit([](const std::string& s) { return s.size(); },
                             std::string(100'000, 'x'));
         }},
        {"submit_with", [this] { (void)own->submit_with({.timeout = 1s}, square, 3); }},
        {"apply", [this] { own->apply(square, 3); }},
        {"map", [this, numbers] { own->map(square, numbers); }},
        {"map of two",
         [this, numbers] { own->map([](int a, int b) { return a + b; }, numbers, numbers); }},
        {"starmap",
         [this] {
           own->starmap(test::divide, std::vector<std::tuple<int, int>>{{4, 2}});
         }},
        {"for_each_completed",
         [this, numbers] { own->for_each_completed(square, numbers, [](std::size_t, int) {}); }},
        {"loan_buffer", [this] { (void)own->loan_buffer(1000); }},
        {"use of a loan", [this] { (void)buffer->bytes(); }},
        {"submit of a loan", [this] { (void)own->submit(length_of, std::move(*buffer)); }},
        {"close", [this] { own->close(); }},
        {"join", [this] { own->join(1s); }},
        {"terminate", [this] { own->terminate(); }},
        {"stats", [this] { (void)own->stats(); }},
        {"worker_pids", [this] { (void)own->worker_pids(); }},
        {"moved pool", [this] { pool{std::move(*own)}.apply(square, 3); }},
    };
  }

  static std::vector<named_call> calls_of_a_future(const std::string& which,
                                                   const future<int>& of) {
    return {
        {which + "get", [of] { of.get(); }},
        {which + "get_for", [of] { of.get_for(1s); }},
        {which + "wait", [of] { of.wait(); }},
        {which + "wait_for", [of] { (void)of.wait_for(1s); }},
        {which + "is_ready", [of] { (void)of.is_ready(); }},
        {which + "is_running", [of] { (void)of.is_running(); }},
        {which + "is_cancelled", [of] { (void)of.is_cancelled(); }},
        {which + "exception", [of] { (void)of.exception(); }},
        {which + "cancel", [of] { of.cancel(); }},
        {which + "then", [of] { of.then([](const future<int>&) {}); }},
        {which + "co_await",
         [of] {
           if (const auto thrown = await(of).handle.promise().thrown)
             std::rethrow_exception(thrown);
         }},
        {which + "troupe::wait", [of] { (void)troupe::wait(std::vector{of}); }},
        {which + "troupe::wait for one",
         [of] {
           (void)troupe::wait(std::vector{of, of}, when::first_completed, 1s);
         }},
    };
  }

  static std::vector<named_call> calls_of_the_runtime() {
    return {
        {"another pool", [] { const pool other{{.replicas = 1}}; }},
        {"host_environment", [] { (void)host_environment(); }},
        {"shared_environment", [] { (void)shared_environment(); }},
        {"set_output_sink", [] { set_output_sink({}); }},
        {"set_log_sink", [] { set_log_sink({}); }},
        {"init", [] { init(0, nullptr); }},
    };
  }

  gate door;
  std::optional<pool> own{std::in_place, pool_options{.name = "busy", .replicas = 2}};
  const future<int> done = [this] {
    auto made = own->submit(square, 7);
    BOOST_TEST(made.get() == 49);
    return made;
  }();
  std::optional<loan> buffer{own->loan_buffer(1000)};
  std::vector<future<int>> running;
  std::vector<future<int>> waiting;
};

BOOST_AUTO_TEST_SUITE(forked_copy_suite, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(every_function_of_a_pool_is_refused_in_a_copy, busy_pool) {
  check_refused(calls_of_the_pool());
}

BOOST_FIXTURE_TEST_CASE(every_function_of_a_future_is_refused_in_a_copy, busy_pool) {
  check_refused(calls_of_a_future("running: ", running.front()));
  check_refused(calls_of_a_future("waiting: ", waiting.back()));
  check_refused(calls_of_a_future("done: ", done));
}

BOOST_FIXTURE_TEST_CASE(nothing_new_is_made_in_a_copy_of_a_host_with_a_pool, busy_pool) {
  check_refused(calls_of_the_runtime());
  const auto held = host_environment();
  check_refused({
      {"processes", [held] { (void)held->processes(); }},
      {"dispatch", [held] { (void)held->dispatch(); }},
      {"calls", [held] { (void)held->calls(); }},
      {"supervision", [held] { (void)held->supervision(); }},
      {"take_output", [held] { held->take_output("n", output_stream::out, "line"); }},
      {"log", [held] { held->log("line"); }},
  });
}

BOOST_FIXTURE_TEST_CASE(a_copy_made_by_a_raw_clone_is_refused, busy_pool) {
  check_refused({{"submit", [this] { (void)own->submit(square, 3); }},
                 {"get", [this] { done.get(); }},
                 {"another pool", [] { const pool other{{.replicas = 1}}; }}},
                test::raw_fork);
}

BOOST_FIXTURE_TEST_CASE(destructors_in_a_copy_end_and_touch_nothing, busy_pool) {
  auto held = host_environment();
  BOOST_TEST(holds_in_copy([&] {
    for (auto* all : {&running, &waiting}) all->clear();
    const auto copy_of_done = done;
    buffer.reset();
    pool moved{std::move(*own)};
    own.reset();
    moved = pool{std::move(moved)};
    held.reset();
    return true;
  }));
  BOOST_TEST(holds_in_copy([&] {
    own.reset(); // Before its futures and loans.
    buffer.reset();
    running.clear();
    waiting.clear();
    return true;
  }));
}

// Locks are held at any moment of the host, and the copy must wait for none of them.
BOOST_FIXTURE_TEST_CASE(a_copy_made_at_any_moment_waits_for_no_lock, clean_world) {
  std::optional<pool> own{std::in_place, pool_options{.replicas = 2}};
  std::atomic<bool> is_over{false};
  std::thread hammer{[&] {
    while (!is_over) {
      std::vector<future<int>> some;
      for (int i = 0; i < 50; ++i) some.push_back(own->submit(square, i));
      for (const auto& each : some) each.wait();
      (void)own->stats();
      set_output_sink({});
    }
  }};
  for (int round = 0; round < 100; ++round) {
    const auto kept = own->submit(square, round);
    BOOST_TEST(holds_in_copy([&] {
      const bool are_refused = is_refused([&] { (void)own->submit(square, 1); }) &&
                               is_refused([&] { (void)own->stats(); }) &&
                               is_refused([&] { kept.get(); }) &&
                               is_refused([&] { set_output_sink({}); }) &&
                               is_refused([&] { (void)own->loan_buffer(100); }) &&
                               is_refused([] { const pool other{{.replicas = 1}}; });
      own.reset();
      return are_refused;
    }));
    BOOST_TEST(kept.get() == round * round);
  }
  is_over = true;
  hammer.join();
}

std::optional<pool> static_pool;
std::optional<future<int>> static_future;

BOOST_FIXTURE_TEST_CASE(a_copy_that_exits_ends_with_its_own_code, clean_world) {
  static_pool.emplace(pool_options{.replicas = 1});
  const gate door;
  static_future = static_pool->submit(test::wait_at_gate, door.name());
  door.wait_for(1);
  const int child = ::fork();
  if (child == 0) {
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(test::forked_limit_s);
    std::exit(7); // NOLINT: static objects are destroyed, which is the question.
  }
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WEXITSTATUS(status) == 7);
  door.let_pass(1);
  BOOST_TEST(static_future->get() == static_pool->worker_pids().front());
  static_future.reset();
  static_pool.reset();
}

// What daemon() leaves behind is a copy, and the process that had the workers is gone.
BOOST_FIXTURE_TEST_CASE(a_daemon_is_told_at_once_and_its_workers_are_gone, clean_world) {
  int ends[2];
  BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const int host = ::fork();
  if (host == 0) {
    pool own{{.replicas = 1}};
    const int worker = own.apply(test::own_pid);
    if (::daemon(1, 1) != 0) ::_exit(1);
    const bool are_refused = is_refused([&] { own.apply(square, 3); }) &&
                             is_refused([&] { own.terminate(); }) &&
                             is_refused([] { const pool other{{.replicas = 1}}; });
    while (are_refused && ::kill(worker, 0) == 0) std::this_thread::yield();
    ::_exit(::write(ends[1], are_refused ? "y" : "n", 1) == 1 ? 0 : 1);
  }
  ::close(ends[1]);
  char answer = 0;
  BOOST_TEST(::read(ends[0], &answer, 1) == 1);
  BOOST_TEST(answer == 'y');
  ::close(ends[0]);
  int status = -1;
  BOOST_TEST(::waitpid(host, &status, 0) == host);
  BOOST_TEST(status == 0);
}

BOOST_FIXTURE_TEST_CASE(a_copy_made_before_the_first_pool_or_after_the_last_has_its_own,
                        clean_world) {
  const auto use_own_pool = [] {
    pool own{{.replicas = 2}};
    return own.apply(square, 6) == 36 && own.map(square, std::vector{1, 2}).back() == 4;
  };
  BOOST_TEST(holds_in_copy(use_own_pool));
  BOOST_TEST(use_own_pool());
  BOOST_TEST(holds_in_copy([&] { return use_own_pool() && holds_in_copy(use_own_pool); }));
  BOOST_TEST(use_own_pool());
}

BOOST_FIXTURE_TEST_CASE(a_callback_that_returns_in_a_copy_ends_the_copy, clean_world) {
  pool own{{.replicas = 1}};
  std::promise<int> forked;
  own.submit(square, 2).then([&](const future<int>&) {
    const int child = ::fork();
    if (child != 0) forked.set_value(child);
  });
  const int child = forked.get_future().get();
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WEXITSTATUS(status) == 70);
  BOOST_TEST(own.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(a_copy_made_while_results_are_used_leaves_the_loop, clean_world) {
  pool own{{.replicas = 2}};
  const auto host = ::getpid();
  std::size_t used = 0;
  int child = 0;
  try {
    own.for_each_completed(square, std::vector<int>(100, 3), [&](std::size_t, int) {
      if (++used == 10) child = ::fork();
      if (child == 0 && used == 10) ::alarm(test::forked_limit_s);
    });
  } catch (const forked_copy&) {
    ::_exit(::getpid() == host ? 1 : 42);
  }
  if (::getpid() != host) ::_exit(2);
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WEXITSTATUS(status) == 42);
  BOOST_TEST(used == 100u);
}

// In workers.

int fork_and_return(int x) {
  const int child = ::fork();
  if (child == 0) return -1; // Into Troupe, which ends it.
  int status = 0;
  ::waitpid(child, &status, 0);
  return x * 1000 + WEXITSTATUS(status);
}
int fork_and_throw(int x) {
  const int child = ::fork();
  if (child == 0) throw std::runtime_error{"in the copy"};
  int status = 0;
  ::waitpid(child, &status, 0);
  return x * 1000 + WEXITSTATUS(status);
}
/// A worker's own pool works; a copy of the worker is refused.
int use_inner_pool(int x) {
  pool inner{{.replicas = 1}};
  const int before = inner.apply(square, x);
  const bool is_right = holds_in_copy([&] { return is_refused([&] { inner.apply(square, 1); }); });
  return is_right ? before + inner.apply(square, 1) : -1;
}

BOOST_FIXTURE_TEST_CASE(a_copy_of_a_worker_never_answers, clean_world) {
  pool own{{.replicas = 1}};
  for (int round = 1; round < 4; ++round) {
    BOOST_TEST(own.apply(fork_and_return, round) == round * 1000 + 70);
    BOOST_TEST(own.apply(fork_and_throw, round) == round * 1000 + 70);
  }
  BOOST_TEST(own.stats().worker_exits == 0u);
}

BOOST_FIXTURE_TEST_CASE(pools_of_workers_work_and_their_copies_are_refused, clean_world) {
  pool own{{.replicas = 2}};
  BOOST_TEST(own.map(use_inner_pool, std::vector{2, 3, 4}, {.chunk = 1}) ==
                 (std::vector{5, 10, 17}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_running_troupe_is_refused_in_a_copy, clean_world) {
  const auto loaded = config::load_text("version: 1\n"
                                        "name: sample\n"
                                        "pools:\n"
                                        "  quiet: { command: [" TROUPE_PUPPET ", hang] }\n",
                                        "sample.yaml", "", {});
  BOOST_TEST_REQUIRE(loaded.spec.has_value());
  auto host = std::make_unique<troupe_host>(*loaded.spec, run_options{});
  host->start();
  // Somebody waits, as somebody always does: a copy must not wait for them in turn.
  std::thread waiter{[&] { (void)host->wait(deadline::never()); }};
  check_refused({
      {"start", [&] { host->start(); }},
      {"stop", [&] { host->stop(stop_mode::drain); }},
      {"kill", [&] { host->stop(stop_mode::kill); }},
      {"wait", [&] { (void)host->wait(deadline::after(1s)); }},
      {"result", [&] { (void)host->result(); }},
      {"report", [&] { (void)host->report(); }},
      {"kills", [&] { (void)host->kills(); }},
      {"another troupe",
       [&] {
         const troupe_host other{*loaded.spec, run_options{}};
       }},
  });
  BOOST_TEST(holds_in_copy([&] {
    host.reset();
    return true;
  }));
  BOOST_TEST((host->result().how == run_result::ending::running));
  host->stop(stop_mode::kill);
  waiter.join();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
