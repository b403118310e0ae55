// Goal: whatever a task does to its process, only that task pays, and every future resolves.
// Method: tasks that crash, exit, hang and kill; the record that comes back is read.

#include "e2e/tasks.hpp"
#include "process/sample_library.hpp"
#include "support/print.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <regex>
#include <set>
#include <system_error>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::own_pid;
using test::square;
using test::wait_at_gate;

// Enough restarts for the cases that kill on purpose, without pauses.
restart_spec forgiving() {
  return {.intensity = unlimited_restarts, .backoff = {.initial = 0ns}};
}

struct my_failure {
  int code = 0;
  std::string place;
};
template<class Inspector>
auto inspect(Inspector& f, my_failure& x) {
  return f(x.code, x.place);
}

/// What a lost task tells.
worker_lost lost(const future<int>& f) {
  try {
    const auto value = f.get();
    BOOST_FAIL("the task was not lost but gave " + std::to_string(value));
  } catch (const worker_lost& e) {
    return e;
  }
  throw std::logic_error{"unreachable"};
}

[[gnu::noinline]] int crash_here(int depth) {
  if (depth > 0) return crash_here(depth - 1) + 1;
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
  return 0;
}

int complain_and_abort() {
  std::fprintf(stderr, "the last thing I said\n");
  std::abort();
}

BOOST_AUTO_TEST_SUITE(pool_crash, *boost::unit_test::timeout(120))

// H09: a crash fails its own future with signal, pid and stack; the others do not notice.
BOOST_FIXTURE_TEST_CASE(a_segfault_names_signal_and_function, clean_world) {
  pool pool{{.replicas = 2, .restart = forgiving()}};
  const auto before = pool.submit(square, 2);
  const auto crashed = pool.submit(crash_here, 3);
  const auto after = pool.submit(square, 3);
  const auto cause = lost(crashed);
  BOOST_TEST(cause.exit().status.signal().value_or(0) == SIGSEGV);
  BOOST_TEST(cause.exit().pid > 0);
  BOOST_TEST(cause.task() == 2u);
  BOOST_TEST(cause.attempts() == 1u);
  BOOST_TEST(std::string{cause.what()}.find("crash_here") != std::string::npos, cause.what());
  BOOST_TEST(std::string{cause.what()}.find("SEGV") != std::string::npos, cause.what());
  BOOST_TEST(before.get() == 4);
  BOOST_TEST(after.get() == 9);
  BOOST_TEST(pool.apply(square, 4) == 16);
  BOOST_TEST(pool.stats().lost == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_abort_tells_the_last_lines_of_stderr, clean_world) {
  pool pool{{.replicas = 1, .restart = forgiving()}};
  const auto cause = lost(pool.submit(complain_and_abort));
  BOOST_TEST(cause.exit().status.signal().value_or(0) == SIGABRT);
  BOOST_TEST(std::string{cause.what()}.find("the last thing I said") != std::string::npos,
             cause.what());
}

BOOST_FIXTURE_TEST_CASE(a_crash_in_a_shared_library_is_named_too, clean_world) {
  pool pool{{.replicas = 1, .restart = forgiving()}};
  const auto cause = lost(pool.submit(troupe_sample::crash_in_library));
  BOOST_TEST(cause.exit().status.signal().value_or(0) == SIGSEGV);
  BOOST_TEST(std::string{cause.what()}.find("crash_in_library") != std::string::npos, cause.what());
}

// J08: a task that kills its own worker fails naming signal and pid; queued tasks succeed.
BOOST_FIXTURE_TEST_CASE(a_task_that_kills_its_worker_takes_nothing_else_along, clean_world) {
  pool pool{{.replicas = 2, .restart = forgiving()}};
  const auto killed = pool.submit(test::kill_self, SIGKILL);
  std::vector<future<int>> behind;
  for (int i = 0; i < 100; ++i) behind.push_back(pool.submit(square, i));
  const auto cause = lost(killed);
  BOOST_TEST(cause.exit().status.signal().value_or(0) == SIGKILL);
  BOOST_TEST(std::string{cause.what()}.find(std::to_string(cause.exit().pid)) != std::string::npos);
  for (int i = 0; i < 100; ++i) BOOST_TEST(behind[static_cast<std::size_t>(i)].get() == i * i);
  while (pool.worker_pids().size() < 2) std::this_thread::yield();
  BOOST_TEST(pool.apply(square, 5) == 25);
}

// H11: a task that exits fails its future, the pool goes on; exit 0 is no success of a task either.
BOOST_FIXTURE_TEST_CASE(a_task_that_exits_is_lost_with_its_code, clean_world) {
  pool pool{{.replicas = 1, .restart = forgiving()}};
  for (const int code : {3, 0, 255}) {
    const auto cause = lost(pool.submit(test::exit_with, code));
    BOOST_TEST(cause.exit().status.code().value_or(-1) == code);
  }
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// H11, F14: a task that throws fails its own future only, and the same worker goes on.
BOOST_FIXTURE_TEST_CASE(standard_exceptions_arrive_as_themselves, clean_world) {
  pool pool{{.replicas = 1}};
  const auto pid = pool.apply(own_pid);
  const auto fails = [&](auto expected, auto task) {
    try {
      pool.apply(task);
      BOOST_ERROR("no exception");
    } catch (const decltype(expected)& e) {
      BOOST_TEST(std::string{e.what()}.find("oops") != std::string::npos);
      const auto* origin = dynamic_cast<const remote_context*>(&e);
      BOOST_REQUIRE(origin != nullptr);
      BOOST_TEST(origin->pid() == pid);
      BOOST_TEST(origin->worker() == "pool/0");
    }
  };
  fails(std::runtime_error{""}, [] { throw std::runtime_error{"oops"}; });
  fails(std::out_of_range{""}, [] { throw std::out_of_range{"oops"}; });
  fails(std::domain_error{""}, [] { throw std::domain_error{"oops"}; });
  fails(std::system_error{{}}, [] {
    throw std::system_error{ENOENT, std::generic_category(), "oops"};
  });
  BOOST_TEST(pool.apply(own_pid) == pid);
  BOOST_TEST(pool.stats().worker_exits == 0u);
}

BOOST_FIXTURE_TEST_CASE(registered_and_unknown_exceptions_arrive_as_promised, clean_world) {
  pool pool{{.replicas = 1}};
  try {
    pool.apply([] { throw my_failure{7, "there"}; });
    BOOST_ERROR("no exception");
  } catch (const my_failure& e) {
    BOOST_TEST(e.code == 7);
    BOOST_TEST(e.place == "there");
  }
  struct unknown : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  BOOST_CHECK_EXCEPTION(pool.apply([] { throw unknown{"mystery"}; }), std::runtime_error,
                        [](const std::runtime_error& e) {
                          const auto* from = dynamic_cast<const remote_context*>(&e);
                          return from != nullptr && e.what() == std::string{"mystery"} &&
                                 from->type_name().find("unknown") != std::string::npos;
                        });
  BOOST_CHECK_THROW(pool.apply([] { throw 42; }), remote_error);
  BOOST_CHECK_THROW(pool.apply([] { throw "text"; }), remote_error);
}

struct null_what : std::runtime_error {
  null_what() : std::runtime_error{""} {}
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};
struct throwing_what : std::logic_error {
  throwing_what() : std::logic_error{""} {}
  [[nodiscard]] const char* what() const noexcept override {
    return std::string{}.at(1) == 'x' ? "x" : "y";
  }
};

// S10: whatever a task throws, its worker goes on.
BOOST_FIXTURE_TEST_CASE(no_exception_costs_a_worker, clean_world) {
  pool pool{{.replicas = 1}};
  for (int round = 0; round < 20; ++round) {
    BOOST_CHECK_THROW(pool.apply([] { throw null_what{}; }), std::runtime_error);
    BOOST_CHECK_THROW(pool.apply([] { throw throwing_what{}; }), std::logic_error);
    BOOST_CHECK_THROW(pool.apply([] { throw std::runtime_error{std::string(20'000'000, 'x')}; }),
                      std::runtime_error);
    BOOST_CHECK_THROW(pool.apply([] { std::throw_with_nested(std::range_error{"alone"}); }),
                      std::range_error);
    BOOST_CHECK_THROW(pool.apply([] { (void)std::regex{"["}; }), std::regex_error);
    BOOST_CHECK_THROW(pool.apply([] { (void)std::future<int>{}.get(); }), std::future_error);
    BOOST_CHECK_THROW(pool.apply([] { throw std::vector<int>{1}; }), remote_error);
    BOOST_CHECK_THROW(pool.apply([] { throw static_cast<const char*>(nullptr); }), remote_error);
  }
  BOOST_TEST(pool.stats().worker_exits == 0u);
}

/// Throws two calls deep. What follows each call keeps its caller on the stack.
volatile int after_call = 0;
struct unregistered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
constexpr int line_of_standard_throw = __LINE__ + 3;
constexpr int line_of_unregistered_throw = __LINE__ + 3;
[[gnu::noinline]] void throws_for(int which) {
  if (which == 0) throw std::runtime_error{"standard"};
  if (which == 1) throw unregistered{"of our own"};
  after_call = which;
}
[[gnu::noinline]] int deep_task(int which) {
  throws_for(which);
  return after_call;
}

std::string trace_of_deep_task(pool& where, int which) {
  try {
    where.apply(deep_task, which);
  } catch (const remote_context& e) {
    return e.trace();
  }
  return {};
}

// F14: the trace names the task, and function and line of each call down to the throw.
BOOST_FIXTURE_TEST_CASE(an_exception_tells_from_where_it_was_thrown, clean_world) {
  pool pool{{.replicas = 1}};
  const int lines[] = {line_of_standard_throw, line_of_unregistered_throw};
  for (const int which : {0, 1}) {
    const auto trace = trace_of_deep_task(pool, which);
    BOOST_TEST_CONTEXT(trace) {
      BOOST_TEST(trace.find("in task ") == 0u);
      const auto thrower = trace.find("\n#0 ");
      BOOST_REQUIRE(thrower != std::string::npos);
      const auto caller = trace.find("\n#1 ");
      BOOST_REQUIRE(caller != std::string::npos);
      const auto first = trace.substr(thrower, caller - thrower);
      BOOST_TEST(first.find("throws_for(") != std::string::npos);
      const auto line = "pool_crash_test.cpp:" + std::to_string(lines[which]);
      BOOST_TEST(first.find(line) != std::string::npos);
      BOOST_TEST(trace.find("deep_task(", caller) != std::string::npos);
      // What runs the tasks is the same for all and not told.
      BOOST_TEST(trace.find("run_worker") == std::string::npos);
    }
  }
}

// Exceptions larger than the output arena must not damage later answers.
BOOST_FIXTURE_TEST_CASE(an_exception_that_does_not_fit_leaves_the_worker_sound, clean_world) {
  pool pool{{.replicas = 1, .output_arena_bytes = 4096}};
  const auto text = [](std::size_t size, char letter) { return std::string(size, letter); };
  for (int round = 0; round < 20; ++round) {
    const auto a = pool.submit(text, std::size_t{1000}, 'a');
    const auto failed =
        pool.submit([](std::size_t size) { throw std::runtime_error{std::string(size, 'x')}; },
                    std::size_t{8000});
    const auto b = pool.submit(text, std::size_t{1000}, 'b');
    const auto c = pool.submit(text, std::size_t{1000}, 'c');
    BOOST_TEST(a.get() == std::string(1000, 'a'));
    BOOST_CHECK_THROW(failed.get(), std::exception);
    BOOST_TEST(b.get() == std::string(1000, 'b'));
    BOOST_TEST(c.get() == std::string(1000, 'c'));
  }
}

/// Fails while it is encoded for the second time: after its room in the answer was taken.
struct breaks_when_sent {
  static inline int calls = 0;
  std::string text;
};
template<class Inspector>
auto inspect(Inspector& f, breaks_when_sent& x) {
  if (this_worker().is_worker && ++breaks_when_sent::calls == 2) {
    throw std::runtime_error{"cannot be sent"};
  }
  return f(x.text);
}

// Bug found by reading: such an answer kept its block, until the arena was full and the worker
// stuck.
BOOST_FIXTURE_TEST_CASE(an_answer_that_fails_to_encode_gives_its_room_back, clean_world) {
  pool pool{{.replicas = 1, .output_arena_bytes = 1 << 16}};
  const auto make = [] {
    breaks_when_sent::calls = 0;
    return breaks_when_sent{std::string(10'000, 'x')};
  };
  for (int round = 0; round < 50; ++round) BOOST_CHECK_THROW(pool.apply(make), std::runtime_error);
  BOOST_TEST(pool.apply([] { return std::string(60'000, 'y'); }).size() == 60'000u);
}

int count_and_die_until(const std::string& file, int attempts_to_die) {
  std::ofstream{file, std::ios::app} << 'x';
  const auto attempts = static_cast<int>(std::filesystem::file_size(file));
  if (attempts <= attempts_to_die) ::kill(::getpid(), SIGKILL);
  return attempts;
}

// max_attempts > 1 retries; the number of begins is exact.
BOOST_FIXTURE_TEST_CASE(a_lost_task_is_tried_again_as_often_as_allowed, clean_world) {
  test::temporary_folder folder;
  pool pool{{.replicas = 1, .max_attempts = 3, .restart = forgiving()}};
  const auto file = [&](const char* name) { return (folder.path() / name).string(); };
  BOOST_TEST(pool.apply(count_and_die_until, file("twice"), 2) == 3);
  const auto cause = lost(pool.submit(count_and_die_until, file("always"), 100));
  BOOST_TEST(cause.attempts() == 3u);
  BOOST_TEST(std::filesystem::file_size(file("always")) == 3u);
  const auto once =
      lost(pool.submit_with({.max_attempts = 1}, count_and_die_until, file("once"), 1));
  BOOST_TEST(once.attempts() == 1u);
  BOOST_TEST(std::filesystem::file_size(file("once")) == 1u);
  BOOST_TEST(pool.stats().retried == 4u);
}

// A deterministic crasher ends at the restart budget, and the error names the cause: never an
// endless respawn.
BOOST_FIXTURE_TEST_CASE(a_task_that_always_crashes_breaks_the_pool_at_its_budget, clean_world) {
  pool pool{{.replicas = 1,
             .max_attempts = 60'000,
             .restart = {.intensity = 3, .backoff = {.initial = 1ms}}}};
  const auto crasher = pool.submit(crash_here, 0);
  const auto behind = pool.submit(square, 2);
  BOOST_CHECK_EXCEPTION(crasher.get(), broken_executor, [](const broken_executor& e) {
    return std::string{e.what()}.find("SEGV") != std::string::npos;
  });
  BOOST_CHECK_THROW(behind.get(), broken_executor);
  BOOST_CHECK_THROW((void)pool.submit(square, 3), broken_executor);
  BOOST_CHECK_THROW((void)pool.map(square, std::vector{1, 2}), broken_executor);
  BOOST_TEST(pool.stats().worker_exits == 4u);
  pool.close();
  BOOST_TEST(pool.join(20s));
}

// When the pool gives up, tasks that still run on healthy workers fail with the cause as well.
BOOST_FIXTURE_TEST_CASE(giving_up_names_the_cause_to_running_tasks_too, clean_world) {
  gate gate;
  pool pool{{.replicas = 2, .restart = {.intensity = 0}}};
  const auto healthy = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto crasher = pool.submit(crash_here, 0);
  BOOST_CHECK_THROW(crasher.get(), worker_lost);
  BOOST_CHECK_EXCEPTION(healthy.get(), broken_executor, [](const broken_executor& e) {
    return std::string{e.what()}.find("SEGV") != std::string::npos;
  });
}

// A worker that may not be restarted leaves a pool that says so instead of waiting.
BOOST_FIXTURE_TEST_CASE(a_pool_of_temporary_workers_ends_with_the_last_of_them, clean_world) {
  pool pool{{.replicas = 2, .restart = {.policy = restart_type::temporary}}};
  BOOST_CHECK_THROW(pool.apply(test::exit_with, 1), worker_lost);
  BOOST_TEST(pool.apply(square, 2) == 4);
  const auto last = pool.submit(test::exit_with, 1);
  BOOST_CHECK_THROW(last.get(), worker_lost);
  const auto submit_until_broken = [&] {
    for (;;) (void)pool.submit(square, 1).get();
  };
  BOOST_CHECK_THROW(submit_until_broken(), broken_executor);
}

// Standby: the replacement is already there when a worker dies.
BOOST_FIXTURE_TEST_CASE(a_standby_takes_over_at_once, clean_world) {
  pool pool{{.replicas = 1, .standby = 1, .restart = {.backoff = {.initial = 60s, .max = 60s}}}};
  while (pool.worker_pids().size() < 2) std::this_thread::yield();
  const auto first = pool.apply(own_pid);
  BOOST_TEST(pool.apply(own_pid) == first); // The standby gets no work.
  BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
  // The next worker of that slot is a minute away.
  BOOST_TEST(pool.apply(own_pid) != first);
}

// Traps 5 and 19: a worker stopped from outside is replaced, what it held goes elsewhere.
BOOST_FIXTURE_TEST_CASE(a_stopped_worker_with_work_is_replaced, clean_world) {
  pool pool{{.replicas = 1, .restart = forgiving()}};
  const auto pid = pool.apply(own_pid);
  BOOST_REQUIRE(::kill(pid, SIGSTOP) == 0);
  BOOST_TEST(pool.apply(own_pid) != pid);
  BOOST_TEST(pool.stats().lost == 0u);
}

// Bug found by reading: a ring full of cancelled tasks stayed full for ever.
BOOST_FIXTURE_TEST_CASE(a_ring_full_of_cancelled_tasks_is_used_again, clean_world) {
  pool pool{{.replicas = 1}};
  for (int i = 0; i < 100; ++i) BOOST_TEST(pool.apply(square, i) == i * i); // It knows it is short.
  const auto pid = pool.apply(own_pid);
  BOOST_REQUIRE(::kill(pid, SIGSTOP) == 0);
  for (int round = 0; round < 3; ++round) {
    std::vector<future<int>> all;
    for (int i = 0; i < 5000; ++i) all.push_back(pool.submit(square, i));
    for (const auto& each : all) BOOST_TEST(each.cancel());
  }
  BOOST_REQUIRE(::kill(pid, SIGCONT) == 0);
  BOOST_TEST(pool.apply(own_pid) == pid);
}

// 1000 restarts: no new descriptor, no zombie, no growth of the host.
#if defined(__SANITIZE_ADDRESS__)
constexpr long growth_kib_max = 128 * 1024; // ASan keeps freed memory for a while.
#else
constexpr long growth_kib_max = 4096;
#endif

BOOST_FIXTURE_TEST_CASE(a_thousand_restarts_cost_the_host_nothing, clean_world) {
  pool pool{{.replicas = 2, .restart = forgiving()}};
  const auto kill_some = [&](int count) {
    for (int i = 0; i < count; ++i)
      BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
    while (pool.worker_pids().size() < 2) std::this_thread::yield();
  };
  const auto resident_kib = [] {
    std::ifstream file{"/proc/self/statm"};
    long total = 0;
    long resident = 0;
    file >> total >> resident;
    return resident * 4;
  };
  kill_some(200);
  const auto descriptors = test::open_descriptors().size();
  const auto memory_kib = resident_kib();
  kill_some(1000);
  BOOST_TEST(pool.apply(square, 3) == 9);
  BOOST_TEST(test::open_descriptors().size() <= descriptors);
  BOOST_TEST(test::children_of(::getpid()).size() == 1u); // The zygote; its children are its own.
  BOOST_TEST(resident_kib() - memory_kib < growth_kib_max);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe

TROUPE_EXCEPTION(troupe::my_failure);
