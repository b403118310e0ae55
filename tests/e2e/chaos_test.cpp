// Goal: whoever is killed and whenever, each future resolves once, with the right value or
// worker_lost, and no task body runs more often than it may.
// Method: a thread kills workers and the zygote all the time; tasks count their runs in a file.

#include "e2e/ledger.hpp"
#include "e2e/world.hpp"
#include "support/threaded_zygote.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::ledger;

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(text));
}

// Mostly in the cell, at times in its body, now and then in the arena.
std::string text_of(std::uint32_t index) {
  const std::size_t size = index % 64 == 0   ? 1000 + index % 5000
                           : index % 16 == 0 ? 40 + index % 100
                                             : index % 20;
  std::string out(size, 'a');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + (index + i) % 26);
  return out;
}

std::string answer_to(std::uint32_t index, std::string text) {
  for (auto& c : text) c = static_cast<char>(c - 'a' + 'A');
  return std::to_string(index) + text;
}

// Counts before it works, and works for up to 60 us, so that most kills hit a task.
std::string work_on(std::uint32_t index, const std::string& text) {
  ledger::of_worker().add(index);
  const auto until = clock::now() + 1us * (index * 7 % 60);
  while (clock::now() < until) {
  }
  return answer_to(index, text);
}

/// Kills a random worker every few milliseconds, and at times the zygote.
class killer {
public:
  explicit killer(std::uint32_t seed) : random_{seed}, thread_{[this] { run(); }} {}
  ~killer() { stop(); }
  killer(const killer&) = delete;
  killer& operator=(const killer&) = delete;

  void stop() {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] int workers() const noexcept { return workers_; }
  [[nodiscard]] int zygotes() const noexcept { return zygotes_; }

private:
  void run() {
    std::unique_lock lock{mutex_};
    while (
        !changed_.wait_for(lock, pace_ * (1000 + random_() % 2000), [this] { return is_over_; })) {
      try {
        kill_one();
      } catch (const std::filesystem::filesystem_error&) {
        // The list went away with its process.
      }
    }
  }

  // Only from lists of children, which hold no pid that was given to a stranger meanwhile.
  void kill_one() {
    const auto zygotes = test::children_of(::getpid());
    if (zygotes.empty()) return;
    const auto zygote = zygotes[random_() % zygotes.size()];
    if (random_() % 50 == 0) {
      if (::kill(zygote, SIGKILL) == 0) ++zygotes_;
      return;
    }
    const auto workers = test::children_of(zygote);
    if (workers.empty()) return;
    if (::kill(workers[random_() % workers.size()], SIGKILL) == 0) ++workers_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::mt19937 random_;
  // Workers that are executed take longer to come up, and some work is to be done between kills.
  const std::chrono::microseconds pace_ =
      std::getenv(test::threaded_zygote_variable) == nullptr ? 1us : 20us;
  std::atomic<int> workers_{0};
  std::atomic<int> zygotes_{0};
  std::thread thread_; // Last: it uses all of the above.
};

struct tally {
  std::uint32_t right = 0;
  std::uint32_t lost = 0;
  std::uint32_t lost_unseen = 0; ///< Lost between the claim and the first line of the body.
  std::uint32_t run_again = 0;   ///< Tasks whose body began more than once.
};

/// Runs `count` tasks under fire and checks each.
class battle {
public:
  battle(std::uint32_t count, int attempts_max)
      : count_{count}, attempts_max_{attempts_max}, ledger_{folder_.path() / "runs", count},
        told_(count) {}

  tally fight(std::uint32_t seed) {
    pool workers{options()};
    // All workers are up before the first shot.
    while (workers.worker_pids().size() < 4) std::this_thread::yield();
    {
      killer enemy{seed};
      for (std::uint32_t i = 0; i < count_; ++i) {
        if (pending_.size() == window) take_oldest();
        submit(workers, i);
      }
      while (!pending_.empty()) take_oldest();
      enemy.stop();
      BOOST_TEST_MESSAGE("seed " << seed << ": " << count_ << " tasks, " << enemy.workers()
                                 << " workers and " << enemy.zygotes() << " zygotes killed, "
                                 << tally_.lost << " lost (" << tally_.lost_unseen
                                 << " before their body), " << tally_.run_again << " run again");
      BOOST_TEST(enemy.workers() > 0);
    }
    BOOST_TEST(workers.apply(answer_to, 7u, std::string{"x"}) == "7X"); // It still serves.
    const auto counters = workers.stats();
    BOOST_TEST(counters.submitted == counters.resolved);
    BOOST_TEST(counters.lost == tally_.lost);
    BOOST_TEST(counters.corrupt == 0u);
    workers.close();
    BOOST_TEST(workers.join());
    check_callbacks();
    return tally_;
  }

private:
  static constexpr std::size_t window = 512;

  // Small arenas: blocks that a death leaked would use them up.
  [[nodiscard]] pool_options options() const {
    return {.replicas = 4,
            .max_attempts = attempts_max_,
            .input_arena_bytes = 8 << 20,
            .output_arena_bytes = 1 << 20,
            .restart = {.intensity = unlimited_restarts, .backoff = {.initial = 0ns}},
            .initializer = bind_call(ledger::open_in_worker, ledger_.path())};
  }

  // Every other one has a callback, so that the dispatcher is depended on and is not.
  void submit(pool& workers, std::uint32_t index) {
    pending_.emplace_back(index, workers.submit(work_on, index, text_of(index)));
    if (!is_told_of(index)) return;
    pending_.back().second.then([this, index](const future<std::string>&) {
      told_[index].fetch_add(1);
      told_count_.fetch_add(1);
      told_count_.notify_all();
    });
  }
  static bool is_told_of(std::uint32_t index) noexcept { return index / 1000 % 2 == 0; }

  void take_oldest() {
    const auto [index, result] = std::move(pending_.front());
    pending_.pop_front();
    std::optional<std::string> value;
    try {
      value = result.get();
      ++tally_.right;
    } catch (const worker_lost& e) {
      ++tally_.lost;
      if (e.attempts() != static_cast<std::uint32_t>(attempts_max_))
        BOOST_TEST(e.attempts() == static_cast<std::uint32_t>(attempts_max_));
    }
    check(index, value);
  }

  // Asserts only what failed: a line for each of a million checks would take longer than the test.
  void check(std::uint32_t index, const std::optional<std::string>& value) {
    const auto runs = ledger_.runs_of(index);
    if (value && *value != answer_to(index, text_of(index))) {
      BOOST_ERROR("task " + std::to_string(index) + " gave a wrong value: " + *value);
    }
    if (value && runs == 0) BOOST_ERROR("task " + std::to_string(index) + " was answered unrun");
    if (runs > static_cast<std::uint32_t>(attempts_max_)) {
      BOOST_ERROR("task " + std::to_string(index) + " ran " + std::to_string(runs) + " times");
    }
    if (!value && runs == 0) ++tally_.lost_unseen;
    if (runs > 1) ++tally_.run_again;
  }

  void check_callbacks() {
    std::uint32_t expected = 0;
    for (std::uint32_t i = 0; i < count_; ++i) expected += is_told_of(i) ? 1 : 0;
    for (auto seen = told_count_.load(); seen < expected; seen = told_count_.load()) {
      told_count_.wait(seen);
    }
    for (std::uint32_t i = 0; i < count_; ++i) {
      const int wanted = is_told_of(i) ? 1 : 0;
      if (told_[i].load() != wanted)
        BOOST_ERROR("task " + std::to_string(i) + " told otherwise than once");
    }
    // And none ran after its future was resolved.
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (ledger_.runs_of(i) > static_cast<std::uint32_t>(attempts_max_)) {
        BOOST_ERROR("task " + std::to_string(i) + " ran again later");
      }
    }
  }

  std::uint32_t count_;
  int attempts_max_;
  test::temporary_folder folder_;
  ledger ledger_;
  std::deque<std::pair<std::uint32_t, future<std::string>>> pending_;
  std::vector<std::atomic<int>> told_;
  std::atomic<std::uint32_t> told_count_{0};
  tally tally_;
};

std::uint32_t seed_of_run() {
  return number_from("TROUPE_CHAOS_SEED", std::random_device{}());
}
std::uint32_t tasks_of_run() {
  return number_from("TROUPE_CHAOS_TASKS", 100'000);
}

BOOST_AUTO_TEST_SUITE(chaos, *boost::unit_test::timeout(600))

// Half of all tasks: each runs at most once, and a lost one is told as lost.
BOOST_FIXTURE_TEST_CASE(with_one_attempt_no_task_runs_twice, clean_world) {
  const auto count = tasks_of_run() / 2;
  const auto result = battle{count, 1}.fight(seed_of_run());
  BOOST_TEST(result.right + result.lost == count);
  BOOST_TEST(result.run_again == 0u);
  BOOST_TEST(result.right > count / 2);
}

// The other half: five attempts carry nearly all of them through.
BOOST_FIXTURE_TEST_CASE(with_five_attempts_nearly_every_task_succeeds, clean_world) {
  const auto count = tasks_of_run() / 2;
  const auto result = battle{count, 5}.fight(seed_of_run());
  BOOST_TEST(result.right + result.lost == count);
  BOOST_TEST(result.lost <= count / 1000);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
