// Part of Troupe; see LICENSE.
//
// A pool as a user has it, for tests of poor environments: it starts, runs small and large tasks,
// loses a worker to a crash and one to a time limit, and ends.
//   poor_pool          once
//   poor_pool again    and once more if that failed: what was missing is back then
// With TROUPE_POOR_START=spawn each worker executes the program again.
// Exit code: 0 all was right; 1 failed, with a sentence on stderr; 2 wrong results; 3 something was
// left behind: a descriptor, a child, a thread; 4 it failed again.

#include "support/process_table.hpp"
#include "troupe/troupe.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

enum phase : unsigned { start, work, stop, over };

constexpr int small_tasks = 200;
constexpr int large_tasks = 4;
constexpr std::size_t large_bytes = 300'000;
constexpr auto time_limit = 100ms;

struct wrong_result : std::logic_error {
  using std::logic_error::logic_error;
};

// Tells the library fail_call, if it is there.
void enter(phase next) {
  static auto* const tell =
      reinterpret_cast<void (*)(unsigned)>(::dlsym(RTLD_DEFAULT, "fail_call_phase"));
  if (tell != nullptr) tell(next);
}

int square(int n) {
  return n * n;
}

std::string turn_round(const std::string& text) {
  return {text.rbegin(), text.rend()};
}

int crash() {
  std::abort();
}

int never_end() {
  for (;;) ::pause();
}

void expect(bool is_right, const char* what) {
  if (!is_right) throw wrong_result{what};
}

void run_small_tasks(troupe::pool& pool) {
  std::vector<troupe::future<int>> answers;
  for (int i = 0; i < small_tasks; ++i) answers.push_back(pool.submit(square, i));
  for (int i = 0; i < small_tasks; ++i) {
    expect(answers[static_cast<std::size_t>(i)].get() == i * i, "a small task");
  }
}

void run_large_tasks(troupe::pool& pool) {
  std::vector<troupe::future<std::string>> answers;
  for (int i = 0; i < large_tasks; ++i) {
    answers.push_back(pool.submit(turn_round, std::string(large_bytes, 'a') + std::to_string(i)));
  }
  for (int i = 0; i < large_tasks; ++i) {
    const auto text = answers[static_cast<std::size_t>(i)].get();
    expect(text.size() == large_bytes + 1 && text.front() == '0' + i, "a large task");
  }
}

// What the threads have used that must sleep now; the one that reads debug information after a
// crash may be at it for long, and has its creator's name where none can be given. Zero where /proc
// is not to be seen.
std::chrono::nanoseconds cpu_time_of_waiting_threads() {
  std::chrono::nanoseconds out{0};
  std::error_code problem;
  std::filesystem::directory_iterator tasks{"/proc/self/task", problem};
  for (; !problem && tasks != end(tasks); tasks.increment(problem)) {
    std::string name;
    std::ifstream{tasks->path() / "comm"} >> name;
    long long used_ns = 0;
    const bool is_main = tasks->path().filename() == std::to_string(::getpid());
    const bool is_ours = name.starts_with("troupe-") && name != "troupe-symbols";
    if (is_main || is_ours) std::ifstream{tasks->path() / "schedstat"} >> used_ns;
    out += std::chrono::nanoseconds{used_ns};
  }
  return out;
}

void lose_workers(troupe::pool& pool) {
  try {
    pool.submit(crash).get();
    throw wrong_result{"a crash that was not told"};
  } catch (const troupe::worker_lost&) {
    expect(pool.apply(square, 3) == 9, "a task after a crash");
  }
  const auto cpu_before = cpu_time_of_waiting_threads();
  try {
    pool.submit_with(troupe::task_options{.timeout = time_limit}, never_end).get();
    throw wrong_result{"a time limit that was not kept"};
  } catch (const troupe::task_timeout_error&) {
    expect(cpu_time_of_waiting_threads() - cpu_before < time_limit / 2,
           "a host that waits without spinning");
    expect(pool.apply(square, 4) == 16, "a task after a time limit");
  }
}

troupe::start_method start_method() {
  const char* const wanted = std::getenv("TROUPE_POOR_START");
  const bool is_spawn = wanted != nullptr && std::strcmp(wanted, "spawn") == 0;
  return is_spawn ? troupe::start_method::spawn : troupe::start_method::zygote;
}

void use_a_pool() {
  enter(start);
  troupe::pool_options options{.replicas = 2};
  options.start.method = start_method();
  troupe::pool pool{options};
  expect(pool.apply(square, 2) == 4, "the first task");
  enter(work);
  run_small_tasks(pool);
  run_large_tasks(pool);
  lose_workers(pool);
  enter(stop);
  pool.close();
  expect(pool.join(60s), "an end within a minute");
}

bool has_one_thread() {
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return std::distance(begin(tasks), end(tasks)) == 1;
}

// What the program must look like when it has no pool any more.
int what_is_left(const std::vector<std::string>& descriptors) {
  int code = 0;
  for (const auto& one : troupe::test::open_descriptors()) {
    if (std::find(descriptors.begin(), descriptors.end(), one) != descriptors.end()) continue;
    std::fprintf(stderr, "poor_pool: a descriptor is left: %s\n", one.c_str());
    code = 3;
  }
  for (const int pid : troupe::test::children_of(::getpid())) {
    std::fprintf(stderr, "poor_pool: a child is left: %d\n", pid);
    code = 3;
  }
  // A thread that was joined is in /proc for a moment longer.
  for (int i = 0; i < 100'000 && !has_one_thread(); ++i) std::this_thread::yield();
  if (!has_one_thread()) {
    std::fprintf(stderr, "poor_pool: a thread is left\n");
    code = 3;
  }
  return code;
}

int attempt() {
  int code = 0;
  try {
    use_a_pool();
    std::puts("ok");
  } catch (const wrong_result& e) {
    std::fprintf(stderr, "poor_pool: wrong: %s\n", e.what());
    code = 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "poor_pool: failed: %s\n", e.what());
    code = 1;
  }
  enter(over);
  return code;
}

} // namespace

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  const bool is_tried_again = argc > 1 && std::strcmp(argv[1], "again") == 0;
  const bool has_proc = ::access("/proc/self/fd", R_OK) == 0;
  // Cores of the crash would only cost time.
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::vector<std::string> descriptors;
  if (has_proc) descriptors = troupe::test::open_descriptors();
  const int code = attempt();
  if (has_proc) {
    if (const int left = what_is_left(descriptors)) return left;
  }
  if (code == 1 && is_tried_again && attempt() != 0) return 4;
  return code;
}
