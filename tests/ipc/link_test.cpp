// Goal: no job, answer or wake is lost or mixed up between the two ends of a link.
// Method: both ends in one process, the worker's on a second thread; the host sends, revokes,
// drains and waits at random (the seed is printed; TROUPE_SEED repeats a run). Every byte is
// checked. A wake that is lost shows as a wait that reaches `patience`.

#include "ipc/link_pair.hpp"
#include "ipc/random.hpp"
#include "troupe/os/poll.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

namespace troupe::ipc {
namespace {

using test::fill;
using test::is_filled;
using test::job_recipe;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t slowness = 8;
#else
constexpr std::uint64_t slowness = 1;
#endif

constexpr auto patience = std::chrono::seconds{60};
constexpr std::uint64_t never = 1'000'000'000;

/// What one run is like.
struct traffic_options {
  std::uint64_t jobs = 1;
  std::size_t output_bytes = 1u << 20;
  std::uint64_t payload_max = inline_bytes_max;
  std::uint64_t answer_max = inline_bytes_max;
  std::uint64_t burst_max = 64;
  std::uint64_t revoke_one_in = never; // Of the turns.
  std::uint64_t idle_one_in = 10;      // Of the turns: lets the worker go to sleep.
};

class traffic {
public:
  explicit traffic(const traffic_options& options)
      : options_{options}, pair_{options.output_bytes}, thread_{[this] { work(); }} {}
  traffic(const traffic&) = delete;
  traffic& operator=(const traffic&) = delete;
  ~traffic() { end(); }

  void run() {
    while (!host_.is_ready()) wait_for_doorbell();
    while (sent_ < options_.jobs || host_.head() != host_.tail()) {
      send_some();
      if (random_.is_one_in(options_.revoke_one_in)) revoke_some();
      if (random_.is_one_in(options_.idle_one_in)) {
        let_it_sleep();
        continue;
      }
      switch (random_.below(4)) {
      case 0:
        drain(random_.below(100));
        break;
      case 1:
        wait_by_bell();
        break;
      case 2:
        wait_by_doorbell();
        break;
      default:
        std::this_thread::yield();
        break;
      }
    }
    end();
    BOOST_TEST(wrong_payloads_.load() == 0u);
    BOOST_TEST(answered_ + revoked_ == sent_);
    BOOST_TEST(worked_.load() == answered_);
    BOOST_TEST(sum_of_worked_.load() == sum_of_answered_);
    BOOST_TEST(pair_.blocks.blocks_in_use() == 0u);
  }

  [[nodiscard]] std::uint64_t revoked() const { return revoked_; }
  [[nodiscard]] std::uint64_t wakes() const { return host_.wakes(); }

private:
  void work() {
    pair_.worker->announce_ready();
    received_job job;
    while (pair_.worker->next(job)) {
      sum_of_worked_ += job.code;
      ++worked_;
      if (!test::answer(*pair_.worker, job)) ++wrong_payloads_;
    }
    is_over_ = true;
  }

  // After a failed check too: the worker may wait for room that only draining makes.
  void end() {
    if (!thread_.joinable()) return;
    host_.ask_to_stop();
    incoming_answer ignored;
    while (!is_over_) {
      if (host_.oldest(ignored) == answer_state::ready) host_.pop();
      std::this_thread::yield();
    }
    thread_.join();
  }

  void send_some() {
    const bool wakes_each = random_.is_one_in(2);
    const os::futex_word* sleeper = nullptr;
    for (auto left = random_.below(options_.burst_max + 1); left > 0; --left) {
      if (host_.is_full() || sent_ == options_.jobs || !send_one()) break;
      if (wakes_each) host_.wake_if_asleep();
      if (const auto* word = host_.prepare_wake()) sleeper = word;
    }
    if (sleeper != nullptr) os::futex_wake(*sleeper, 1, os::futex_scope::shared);
  }

  bool send_one() {
    const job_recipe recipe{static_cast<std::uint32_t>(random_.next()),
                            static_cast<std::uint32_t>(random_.size_up_to(options_.payload_max)),
                            static_cast<std::uint32_t>(random_.size_up_to(options_.answer_max))};
    fill(std::span{buffer_}.first(recipe.payload_bytes), recipe.code());
    if (!pair_.send(recipe.code(), std::span{buffer_}.first(recipe.payload_bytes),
                    ~recipe.code())) {
      return false;
    }
    ++sent_;
    return true;
  }

  void revoke_some() {
    for (auto left = random_.below(20); left > 0 && host_.head() != host_.tail(); --left) {
      const auto position = host_.tail() - 1 - random_.below(host_.tail() - host_.head());
      const bool was_revoked = host_.is_revoked(position);
      if (!host_.revoke(position)) continue;
      BOOST_REQUIRE(!was_revoked);
      const auto code = host_.code_at(position);
      BOOST_REQUIRE(host_.tag_at(position) == ~code);
      BOOST_REQUIRE(
          is_filled(pair_.sent_bytes(position), job_recipe::of(code).payload_bytes, code));
      pair_.release_input(position);
      ++revoked_;
    }
  }

  // Uses at most `count` answers. False: there are no more now.
  bool drain(std::uint64_t count) {
    for (; count > 0; --count) {
      incoming_answer answer;
      const auto state = host_.oldest(answer);
      BOOST_REQUIRE(state != answer_state::corrupt);
      if (state == answer_state::none) return false;
      const auto code = host_.code_at(host_.head());
      const auto recipe = job_recipe::of(code);
      BOOST_REQUIRE(host_.fate(host_.head()) == job_fate::answered);
      BOOST_REQUIRE(answer.tag == ~code);
      BOOST_REQUIRE(answer.kind == 1);
      BOOST_REQUIRE(answer.run_time.count() == recipe.seed);
      BOOST_REQUIRE(is_filled(answer.bytes, recipe.answer_bytes, ~code));
      sum_of_answered_ += code;
      ++answered_;
      pair_.release_input(host_.head());
      host_.pop();
    }
    return true;
  }

  [[nodiscard]] std::uint64_t pick_pending() {
    return host_.head() + random_.below(host_.tail() - host_.head());
  }

  // As pool_core::park: look at the bell, arm, drain, sleep. The job that is waited for is the
  // oldest: with others, a worker that waits for room would ring the doorbell only.
  void wait_by_bell() {
    drain(never);
    const auto position = host_.head();
    while (host_.head() == position && host_.head() != host_.tail()) {
      if (random_.is_one_in(3)) host_.ring_bell_at(pick_pending()); // For somebody else.
      const auto seen = host_.bell().load();
      host_.ring_bell_at(position);
      drain(never);
      if (host_.head() != position || host_.head() == host_.tail()) return;
      BOOST_REQUIRE_MESSAGE(
          os::futex_wait(host_.bell(), seen, deadline::after(patience), os::futex_scope::shared),
          "the bell was not rung");
    }
  }

  // As the dispatcher: arm and drain until nothing comes, then sleep.
  void wait_by_doorbell() {
    drain(never);
    if (host_.head() == host_.tail()) return;
    const auto position = pick_pending();
    while (host_.head() <= position && host_.head() != host_.tail()) {
      host_.notify_at(std::max(position, host_.head()));
      drain(never);
      if (host_.head() > position || host_.head() == host_.tail()) break;
      if (host_.is_revoked(position)) break;
      wait_for_doorbell();
    }
    if (random_.is_one_in(2)) host_.notify_at(std::nullopt);
  }

  void wait_for_doorbell() {
    os::poll_set set;
    const auto place = set.add(host_.doorbell().get());
    set.wait(deadline::after(patience));
    BOOST_REQUIRE_MESSAGE(set.is_readable(place), "the doorbell was not rung");
    BOOST_REQUIRE(os::event_fd{host_.doorbell().duplicate().value()}.clear());
  }

  void let_it_sleep() {
    while (!host_.is_asleep() || host_.head() != host_.tail()) {
      drain(never);
      std::this_thread::yield();
    }
  }

  traffic_options options_;
  test::link_pair pair_;
  host_end& host_ = *pair_.host;
  test::random random_;
  std::array<std::byte, 1u << 16> buffer_{};
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t revoked_ = 0;
  std::uint64_t sum_of_answered_ = 0;
  std::atomic<std::uint64_t> worked_{0};
  std::atomic<std::uint64_t> sum_of_worked_{0};
  std::atomic<std::uint64_t> wrong_payloads_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_; // Last: it uses the others.
};

BOOST_AUTO_TEST_SUITE(link_suite, *boost::unit_test::timeout(240))

BOOST_AUTO_TEST_CASE(small_jobs_arrive_once_and_in_order) {
  traffic{{.jobs = 300'000 / slowness, .idle_one_in = 500}}.run();
}

BOOST_AUTO_TEST_CASE(a_full_ring_goes_round) {
  traffic{{.jobs = 300'000 / slowness, .burst_max = 3 * link_cells, .idle_one_in = 100}}.run();
}

BOOST_AUTO_TEST_CASE(bytes_of_all_sizes_arrive_unharmed) {
  traffic{{.jobs = 100'000 / slowness, .payload_max = 40'000, .answer_max = 40'000}}.run();
}

// The input arena has room, but nowhere in a row: every other block is in use.
BOOST_AUTO_TEST_CASE(a_payload_in_pieces_arrives_in_one) {
  constexpr std::size_t block = 4096;
  test::random random;
  test::link_pair pair{4096};
  std::vector<std::uint64_t> blocks;
  while (const auto offset = pair.blocks.allocate(block)) blocks.push_back(*offset);
  for (std::size_t i = 0; i < blocks.size(); i += 2) pair.blocks.release(blocks[i], block);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const job_recipe recipe{i, static_cast<std::uint32_t>(block + random.below(60'000)), 8};
    BOOST_REQUIRE(pair.send(recipe.code(), test::bytes_of(recipe.payload_bytes, recipe.code()), i));
    if (i % 3 == 0) {
      BOOST_REQUIRE(pair.host->revoke(i));
      BOOST_REQUIRE(is_filled(pair.sent_bytes(i), recipe.payload_bytes, recipe.code()));
    } else {
      received_job job;
      BOOST_REQUIRE(pair.worker->next(job));
      BOOST_REQUIRE(test::answer(*pair.worker, job));
      incoming_answer answer;
      BOOST_REQUIRE(pair.host->oldest(answer) == answer_state::ready);
      pair.host->pop();
    }
    pair.release_input(i);
  }
  BOOST_TEST(pair.sent_in_pieces == 2000u);
}

// Answers wait for room all the time: the arena holds a few of the large ones.
BOOST_AUTO_TEST_CASE(a_full_output_arena_delays_answers_and_loses_none) {
  traffic{{.jobs = 100'000 / slowness, .output_bytes = 65'536, .answer_max = 60'000}}.run();
  traffic{{.jobs = 10'000 / slowness, .output_bytes = 4096, .answer_max = 3900}}.run();
}

BOOST_AUTO_TEST_CASE(a_revoked_job_is_never_run_and_all_others_are) {
  traffic run{
      {.jobs = 300'000 / slowness, .payload_max = 1000, .answer_max = 300, .revoke_one_in = 2}};
  run.run();
  BOOST_TEST(run.revoked() > 0u);
}

// Every job finds the worker asleep, or on its way there.
BOOST_AUTO_TEST_CASE(a_sleeping_worker_is_always_woken) {
  traffic run{{.jobs = 20'000 / slowness,
               .payload_max = 300,
               .answer_max = 300,
               .burst_max = 1,
               .revoke_one_in = 5,
               .idle_one_in = 2}};
  run.run();
  BOOST_TEST(run.wakes() > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::ipc
