// Goal: a task that waits for room in the input arena holds up nobody who needs none, and gets its
// room as soon as that much is free in all, whoever asks for some meanwhile.
// Method: small arenas, loans that keep what they have until the test lets go; random load (the
// seed is printed; TROUPE_SEED repeats a run) under a watchdog.

#include "e2e/tasks.hpp"
#include "ipc/random.hpp"
#include "support/mappings.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <numeric>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr auto patience = 120s;

std::size_t size_of(const std::string& text) {
  return text.size();
}
std::size_t size_at_gate(const std::string& text, const std::string& gate_name) {
  gate::arrive_and_wait(gate_name);
  return text.size();
}
/// Depends on every byte and its place.
std::uint64_t digest(std::span<const std::byte> bytes) {
  std::uint64_t sum = bytes.size();
  for (const auto byte : bytes) sum = sum * 31 + std::to_integer<std::uint64_t>(byte);
  return sum;
}
std::uint64_t digest_of(const std::vector<std::byte>& bytes) {
  return digest(bytes);
}
std::vector<std::byte> some_bytes(std::size_t size) {
  std::vector<std::byte> out(size);
  std::uint64_t state = size;
  for (auto& byte : out)
    byte = static_cast<std::byte>((state = state * 6'364'136'223'846'793'005u + 1) >> 56);
  return out;
}

template<class T>
T get_soon(const future<T>& task) {
  BOOST_REQUIRE_MESSAGE(task.wait_for(patience), "a task is not done after two minutes");
  return task.get();
}

bool is_in_shared_memory(const loan& buffer) {
  const auto at = reinterpret_cast<std::uintptr_t>(buffer.bytes().data());
  for (const auto& each : test::mappings_of("troupe-input")) {
    if (at >= each.begin && at < each.end) return true;
  }
  return false;
}

BOOST_AUTO_TEST_SUITE(pool_room, *boost::unit_test::timeout(240))

// What was cut into blocks of one size serves another, beside a loan that is still being filled.
BOOST_FIXTURE_TEST_CASE(blocks_of_one_size_serve_another_beside_a_loan, clean_world) {
  pool pool{{.replicas = 2, .input_arena_bytes = 4 * mib}};
  auto held = pool.loan_buffer(1000);
  std::vector<future<std::size_t>> all;
  for (int i = 0; i < 100; ++i) all.push_back(pool.submit(size_of, std::string(100'000, 'b')));
  for (const auto& each : all) BOOST_TEST(get_soon(each) == 100'000u);
  const auto middle = pool.submit(size_of, std::string(400'000, 'm'));
  const auto tiny = pool.submit(square, 2);
  BOOST_TEST(get_soon(middle) == 400'000u);
  BOOST_TEST(get_soon(tiny) == 4);
  const auto large = pool.submit(size_of, std::string(3 * mib, 'l'));
  BOOST_TEST(get_soon(large) == 3 * mib);
  std::fill(held.bytes().begin(), held.bytes().end(), std::byte{1});
  BOOST_TEST(get_soon(pool.submit(digest, std::move(held))) ==
             digest(std::vector<std::byte>(1000, std::byte{1})));
}

BOOST_FIXTURE_TEST_CASE(tasks_that_need_no_room_pass_one_that_waits_for_it, clean_world) {
  pool pool{{.replicas = 2, .input_arena_bytes = mib}};
  std::optional<loan> held = pool.loan_buffer(900 * kib);
  auto later = pool.loan_buffer(50 * kib); // Has its room already.
  const auto large = pool.submit(size_of, std::string(500 * kib, 'x'));
  const auto behind = pool.submit(size_of, std::string(60 * kib, 'y'));
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(get_soon(pool.submit(square, i)) == i * i);
    BOOST_TEST(get_soon(pool.submit(size_of, std::string(150, 'z'))) == 150u);
  }
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  BOOST_TEST(pool.map(square, numbers).back() == 999 * 999);
  BOOST_TEST(get_soon(pool.submit(digest, std::move(later))) != 0u);
  BOOST_TEST(!large.is_ready());
  held.reset();
  BOOST_TEST(get_soon(large) == 500 * kib);
  BOOST_TEST(get_soon(behind) == 60 * kib);
}

// Smaller ones that come later and would fit pass a large one now and then, not for ever.
BOOST_FIXTURE_TEST_CASE(a_large_task_does_not_starve_beside_small_ones, clean_world) {
  gate gate;
  pool pool{{.replicas = 2, .input_arena_bytes = mib}};
  const auto first = pool.submit(size_at_gate, std::string(200 * kib, 'a'), gate.name());
  gate.wait_for(1);
  const auto large = pool.submit(size_of, std::string(mib - 4096, 'x'));
  std::deque<future<std::size_t>> small;
  const auto submit_small = [&] {
    small.push_back(pool.submit(size_of, std::string(100 * kib, 's')));
  };
  // As many are always on their way as would fill the arena twice.
  for (int i = 0; i < 20; ++i) submit_small();
  gate.let_pass(1);
  int passed = 0;
  for (int i = 0; i < 1000 && !large.is_ready(); ++i) {
    BOOST_TEST(get_soon(small.front()) == 100 * kib);
    if (!large.is_ready()) ++passed;
    small.pop_front();
    submit_small();
  }
  BOOST_TEST(get_soon(large) == mib - 4096);
  BOOST_TEST(passed < 200);
  BOOST_TEST(get_soon(first) == 200 * kib);
}

// Enough room in all, but nowhere in a row: whoever keeps the loans need not let go.
BOOST_FIXTURE_TEST_CASE(scattered_room_is_room, clean_world) {
  pool pool{{.replicas = 1, .input_arena_bytes = 4 * mib}};
  std::vector<std::optional<loan>> loans;
  for (int i = 0; i < 60; ++i) loans.emplace_back(pool.loan_buffer(64 * kib));
  for (std::size_t i = 0; i < loans.size(); i += 2) loans[i].reset();
  const auto bytes = some_bytes(1500 * kib);
  const auto first = pool.submit(digest_of, bytes);
  BOOST_TEST(get_soon(first) == digest(bytes));
  // And a buffer of the caller that had to be elsewhere, by attempts on more than one worker.
  auto buffer = pool.loan_buffer(bytes.size());
  std::copy(bytes.begin(), bytes.end(), buffer.bytes().begin());
  const auto kills = pool.submit_with({.max_attempts = 1}, test::kill_self, SIGKILL);
  const auto second = pool.submit(digest, std::move(buffer));
  BOOST_CHECK_THROW((void)get_soon(kills), worker_lost);
  BOOST_TEST(get_soon(second) == digest(bytes));
}

BOOST_FIXTURE_TEST_CASE(what_can_never_fit_is_refused_when_it_is_submitted, clean_world) {
  pool pool{{.replicas = 1, .input_arena_bytes = mib}};
  BOOST_CHECK_THROW((void)pool.submit(size_of, std::string(mib, 'x')), error);
  BOOST_CHECK_THROW((void)pool.loan_buffer(mib), error);
  BOOST_TEST(get_soon(pool.submit(size_of, std::string(mib - 64, 'x'))) == mib - 64);
}

// Nobody waits for room any more when the only task that did was cancelled: later buffers lie in
// shared memory again, and nothing is copied.
BOOST_FIXTURE_TEST_CASE(a_cancelled_task_does_not_wait_for_room, clean_world) {
  pool pool{{.replicas = 1, .input_arena_bytes = mib}};
  std::optional<loan> held = pool.loan_buffer(900 * kib);
  const auto waiting = pool.submit(size_of, std::string(500 * kib, 'x'));
  const auto second = pool.submit(size_of, std::string(500 * kib, 'x'));
  // A few may have room all the same.
  const auto is_kept_for_it = [&] {
    for (int i = 0; i < 1000; ++i) {
      if (!is_in_shared_memory(pool.loan_buffer(1000))) return true;
    }
    return false;
  };
  BOOST_TEST(is_kept_for_it());
  BOOST_TEST(second.cancel());
  BOOST_TEST(is_kept_for_it());
  BOOST_TEST(waiting.cancel());
  BOOST_TEST(!is_kept_for_it());
  held.reset();
  BOOST_TEST(pool.stats().backlog == 0u);
  BOOST_TEST(get_soon(pool.submit(size_of, std::string(900 * kib, 'x'))) == 900 * kib);
}

/// What one thread of a random load did; read when it has ended.
struct load_report {
  std::uint64_t done = 0;
  std::uint64_t wrong = 0;
  std::uint64_t late = 0;
};

/// Submits, cancels, lends and reads results as it comes, with at most `ahead` tasks in flight.
class random_load {
public:
  random_load(pool& pool, std::size_t size_max, std::size_t ahead, std::uint64_t seed)
      : pool_{pool}, size_max_{size_max}, ahead_{ahead}, random_{seed} {}

  load_report run(int tasks) {
    for (int i = 0; i < tasks && report_.late == 0; ++i) {
      submit_one();
      while (flights_.size() > ahead_) settle(random_.below(flights_.size()));
      if (held_.size() > 4 || (!held_.empty() && random_.is_one_in(4))) send_loan();
    }
    while (!held_.empty()) send_loan();
    while (!flights_.empty() && report_.late == 0) settle(0);
    return report_;
  }

private:
  struct flight {
    future<std::size_t> task;
    std::size_t size;
  };

  static std::size_t size_of_span(std::span<const std::byte> bytes) { return bytes.size(); }

  void submit_one() {
    const auto size = static_cast<std::size_t>(random_.size_up_to(size_max_));
    if (random_.is_one_in(5)) {
      held_.push_back(pool_.loan_buffer(std::min(size, size_max_ / 8)));
      return;
    }
    flights_.push_back({pool_.submit(size_of, std::string(size, 'x')), size});
    if (random_.is_one_in(20) && flights_.back().task.cancel()) flights_.pop_back();
  }

  void send_loan() {
    const auto chosen = held_.begin() + static_cast<std::ptrdiff_t>(random_.below(held_.size()));
    const auto size = chosen->bytes().size();
    if (random_.is_one_in(2)) {
      flights_.push_back({pool_.submit(size_of_span, std::move(*chosen)), size});
    }
    held_.erase(chosen);
  }

  void settle(std::uint64_t index) {
    const auto it = flights_.begin() + static_cast<std::ptrdiff_t>(index);
    if (!it->task.wait_for(patience)) {
      ++report_.late;
      return;
    }
    ++report_.done;
    if (it->task.get() != it->size) ++report_.wrong;
    flights_.erase(it);
  }

  pool& pool_;
  std::size_t size_max_;
  std::size_t ahead_;
  test::random random_;
  std::vector<flight> flights_;
  std::vector<loan> held_;
  load_report report_;
};

void check(const load_report& report, const pool& pool) {
  BOOST_TEST_MESSAGE(report.done << " tasks done");
  BOOST_TEST(report.late == 0u, "a task was not done after two minutes; backlog "
                                    << pool.stats().backlog << ", seed as printed");
  BOOST_TEST(report.wrong == 0u);
}

BOOST_FIXTURE_TEST_CASE(one_thread_with_loans_in_hand_never_stalls, clean_world) {
  test::random random;
  for (int round = 0; round < 5; ++round) {
    pool pool{{.replicas = 2, .input_arena_bytes = 4 * mib}};
    // The loans in hand are at most 5/8 of the arena, the largest task a quarter.
    check(random_load{pool, mib, 20, random.next()}.run(1000), pool);
  }
}

BOOST_FIXTURE_TEST_CASE(two_threads_with_payloads_up_to_64_mib_never_stall, clean_world) {
  test::random random;
  const std::uint64_t seeds[] = {random.next(), random.next()};
  pool pool{{.replicas = 2}};
  load_report reports[2];
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      reports[i] = random_load{pool, 64 * mib, 8, seeds[i]}.run(400);
    });
  }
  for (auto& each : threads) each.join();
  for (const auto& each : reports) check(each, pool);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
