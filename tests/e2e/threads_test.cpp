// Goal: the threads Troupe starts in your program leave its signals alone, and end cleanly whatever
// was going on. Method: real pools that use every kind of thread; /proc says what they block.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <string>
#include <thread>

#include <pthread.h>
#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;

struct thread_facts {
  std::string name;
  std::uint64_t blocked = 0;
};

std::map<int, thread_facts> threads_of_this_process() {
  std::map<int, thread_facts> out;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream status{entry.path() / "status"};
    thread_facts facts;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:")) facts.name = line.substr(6);
      if (line.starts_with("SigBlk:")) facts.blocked = std::stoull(line.substr(8), nullptr, 16);
    }
    if (!facts.name.empty()) out[std::stoi(entry.path().filename().string())] = facts;
  }
  return out;
}

// All but KILL and STOP, which nobody can block, and the two that belong to the C library.
std::uint64_t every_signal() {
  std::uint64_t mask = 0;
  for (int number = 1; number <= 64; ++number) {
    const bool is_of_libc = number > 31 && number < SIGRTMIN;
    if (number == SIGKILL || number == SIGSTOP || is_of_libc) continue;
    mask |= std::uint64_t{1} << (number - 1);
  }
  return mask;
}

bool has_thread(const std::string& name) {
  for (const auto& [id, facts] : threads_of_this_process()) {
    if (facts.name == name) return true;
  }
  return false;
}

BOOST_AUTO_TEST_SUITE(threads, *boost::unit_test::timeout(120))

// E2: two of them had open masks.
BOOST_FIXTURE_TEST_CASE(every_thread_of_ours_blocks_every_signal, clean_world) {
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
  std::promise<int> called;
  pool.submit(test::square, 4).then([&](const future<int>& f) { called.set_value(f.get()); });
  BOOST_TEST(called.get_future().get() == 16);
  BOOST_CHECK_THROW(pool.apply(test::raise_signal, SIGSEGV), worker_lost); // Its frames get names.
  for (const int child : test::children_of(::getpid())) ::kill(child, SIGKILL); // The zygote.
  while (!has_thread("troupe-sweep")) std::this_thread::yield();
  BOOST_TEST(pool.apply(test::square, 5) == 25);
  const auto all = threads_of_this_process();
  for (const auto& [id, facts] : all) {
    if (id != ::getpid()) BOOST_TEST(facts.blocked == every_signal(), "thread " << facts.name);
  }
  for (const auto* name : {"troupe-reactor", "troupe-disp", "troupe-calls", "troupe-symbols"}) {
    BOOST_TEST(has_thread(name), name);
  }
}

// E2: a program that blocks a signal and waits for it gets it.
BOOST_FIXTURE_TEST_CASE(a_program_that_waits_for_a_signal_gets_it, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
  sigset_t wanted;
  sigset_t before;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  BOOST_REQUIRE(::pthread_sigmask(SIG_BLOCK, &wanted, &before) == 0);
  ::kill(::getpid(), SIGTERM);
  int got = 0;
  BOOST_TEST(::sigwait(&wanted, &got) == 0);
  BOOST_TEST(got == SIGTERM);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

int fail_to_begin(int code) {
  ::_exit(code);
}

// W18: supervisors' timers were cleared by one thread while another erased from them.
BOOST_FIXTURE_TEST_CASE(pools_may_end_while_restarts_wait, clean_world) {
  for (int round = 0; round < 60; ++round) {
    pool_options options{
        .replicas = 8, .input_arena_bytes = 1 << 20, .output_arena_bytes = 1 << 20};
    options.restart.intensity = unlimited_restarts;
    options.restart.backoff = {.initial = 1ms, .max = 3ms, .factor = 1.2, .jitter = 1.0};
    options.initializer = bind_call(fail_to_begin, 3);
    options.process.out = options.process.err = output_mode::discard;
    pool pool{options};
    const auto never = pool.submit(test::square, 1);
    // So many restarts are under way that the end meets them at every stage.
    while (pool.stats().worker_exits < static_cast<std::uint64_t>(round % 16)) {
      std::this_thread::yield();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
