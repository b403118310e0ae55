// Part of Troupe; see LICENSE.

// The limit: forked workers, a ring pair each in shared memory, futex parking. No futures, no
// types, no ledger, nobody notices a death. What a process pool cannot beat on this machine.

#include "children.hpp"
#include "meter.hpp"
#include "ring.hpp"
#include "work.hpp"

#include <array>
#include <climits>
#include <cstdint>
#include <exception>
#include <memory>
#include <numeric>
#include <vector>

namespace {

using namespace bench;

constexpr std::uint64_t spin_ns = 20'000;
constexpr std::uint64_t short_gap_ns = 5 * spin_ns; // Longer gaps than this are not worth a spin.
constexpr std::size_t block_count = 16;             // Of 1 MiB each.

struct lane {
  word_ring<32768> tasks;
  word_ring<32768> answers;
  alignas(64) parking worker_bed;
};

struct region {
  std::array<lane, 2> lanes;
  alignas(64) parking host_bed;
  alignas(64) std::atomic<std::uint64_t> answered; // Of all lanes; counts what the host waits for.
};

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(wall_seconds() * nanoseconds_per_second);
}

template<class Ready>
bool spin_until(Ready ready, std::uint64_t limit_ns) {
  const auto end = now_ns() + limit_ns;
  while (!ready()) {
    for (int i = 0; i < 16; ++i) pause_core();
    if (now_ns() > end) return ready();
  }
  return true;
}

/// Works for ever, and counts its answers after every `batch` tasks or when there are no more.
template<class Work>
[[noreturn]] void work_loop(region& shared, std::size_t index, std::uint64_t batch, Work work) {
  auto& mine = shared.lanes[index];
  const auto has_task = [&] { return !mine.tasks.is_empty(); };
  const auto answer = [&](std::uint64_t task) { mine.answers.try_push(work(task)); };
  std::uint64_t last_gap_ns = 0;
  while (true) {
    const auto count = mine.tasks.drain(batch, answer);
    if (count != 0) {
      const auto all = shared.answered.fetch_add(count) + count;
      shared.host_bed.wake_at(static_cast<std::uint32_t>(all));
      continue;
    }
    const auto idle_since = now_ns();
    if (last_gap_ns >= short_gap_ns || !spin_until(has_task, spin_ns)) {
      mine.worker_bed.park(static_cast<std::uint32_t>(mine.tasks.head() + 1), has_task);
    }
    last_gap_ns = now_ns() - idle_since;
  }
}

class host {
public:
  host(region& shared, std::size_t workers) : shared_{shared}, workers_{workers} {}

  /// Hands a task to the next worker of two while there are many, else to the first.
  void send(std::uint64_t value) { send_to(in_flight() < 64 ? 0 : next_++ % workers_, value); }

  void send_to(std::size_t worker, std::uint64_t value) {
    auto& lane = shared_.lanes[worker];
    if (!lane.tasks.try_push(value)) throw std::runtime_error("more tasks than the ring holds");
    ++sent_;
    woke_ = lane.worker_bed.wake_at(static_cast<std::uint32_t>(lane.tasks.tail()));
  }

  /// Waits for an answer; when it has to sleep, until half of what is outstanding is answered.
  std::uint64_t receive() {
    const auto ready = [&] { return answered() != done_; };
    if (!ready() && (woke_ || !spin_until(ready, spin_ns))) {
      const auto target = done_ + std::max<std::uint64_t>(1, in_flight() / 2);
      const auto reached = [&] { return answered() >= target; };
      while (!reached()) shared_.host_bed.park(static_cast<std::uint32_t>(target), reached);
    }
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < workers_; ++i) {
      count +=
          shared_.lanes[i].answers.drain(ULLONG_MAX, [&](std::uint64_t answer) { sum_ += answer; });
    }
    done_ += count;
    return count;
  }

  [[nodiscard]] std::uint64_t in_flight() const { return sent_ - done_; }
  std::uint64_t take_sum() { return std::exchange(sum_, 0); }

private:
  /// Answers that are counted; those drained before they were counted make it less than `done_`.
  [[nodiscard]] std::uint64_t answered() const {
    return std::max(done_, shared_.answered.load(std::memory_order_acquire));
  }

  region& shared_;
  std::size_t workers_;
  std::uint64_t next_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t sum_ = 0;
  bool woke_ = false;
};

void submit(host& pool, const arguments& args) {
  const auto window = args.get("window", 1024);
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(
        tasks, window, [&](auto i) { pool.send(i); }, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), noop_sum(tasks), "sum of answers");
  };
  const auto tasks = args.get("tasks", 3'000'000);
  run(tasks / 10);
  measure_tasks(report{"ring", args.work()}, tasks, [&] { run(tasks); }).print();
}

void latency(host& pool, const arguments& args) {
  const auto round_trip = [&](std::uint64_t i) {
    pool.send(i);
    while (pool.receive() == 0) {
    }
    require_equal(pool.take_sum(), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  const auto tasks = args.get("tasks", 5000);
  measure_latency(report{"ring", args.work()}, tasks, args.get("idle_ns", 0), round_trip).print();
}

/// 1 MiB blobs: copied into a shared block, filled anew there (`produced`), or lying there already
/// (`loaned`); read in place. A block may be written again while a slow worker reads it: with the
/// same bytes, as nobody keeps a ledger.
void blobs(host& pool, unsigned char* blocks, const arguments& args) {
  blob_set set{args.get("blobs", 8)};
  const auto count = set.blobs.size();
  if (count > block_count) throw std::invalid_argument("more blobs than blocks");
  const auto window = std::min<std::uint64_t>(args.get("window", 8), count);
  const bool is_copied = args.work() == "copied";
  const bool is_filled = args.work() == "produced";
  if (is_filled) set.make_uniform();
  const auto block = [&](std::uint64_t i) { return blocks + (i % count) * blob_bytes; };
  for (std::size_t i = 0; i < count; ++i) std::memcpy(block(i), set.blobs[i].data(), blob_bytes);
  const auto send = [&](std::uint64_t i) {
    const auto& blob = set.blobs[i % count];
    if (is_copied) std::memcpy(block(i), blob.data(), blob_bytes);
    if (is_filled) std::fill_n(reinterpret_cast<std::uint64_t*>(block(i)), blob.size(), blob[0]);
    pool.send(i % count);
  };
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(tasks, window, send, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), set.sum_of(tasks), "sum of checksums");
  };
  const auto tasks = args.get("tasks", 4000);
  run(tasks / 10);
  measure_blobs(report{"ring", args.work()}, tasks, blob_bytes, [&] { run(tasks); }).print();
}

/// The best possible end of uneven tasks: no pool at all, each worker has its half from the start.
void uneven(host& pool, const arguments& args) {
  const auto units = uneven_units(args.get("tasks", 2000));
  const auto total = std::accumulate(units.begin(), units.end(), std::uint64_t{0});
  const auto workers = args.get("workers", 2);
  const auto before = wall_seconds();
  for (std::uint64_t i = 0; i < workers; ++i) pool.send_to(i, total / workers);
  while (pool.in_flight() != 0) pool.receive();
  const auto seconds = wall_seconds() - before;
  require_equal(pool.take_sum(), workers * busy(total / workers), "sum of results");
  report{"ring", args.work()}
      .number("seconds", seconds)
      .number("units", static_cast<double>(total))
      .print();
}

} // namespace

int main(int argc, char** argv) try {
  const bench::arguments args{argc, argv};
  const auto& work = args.work();
  const bool is_blobs = work == "copied" || work == "loaned" || work == "produced";
  auto* shared = bench::shared_array<region>(1);
  auto* blocks = bench::shared_array<unsigned char>(block_count * bench::blob_bytes);
  const auto workers = std::min<std::uint64_t>(args.get("workers", 2), shared->lanes.size());
  const auto sum = [&](auto block) { return checksum(blocks + block * blob_bytes, blob_bytes); };
  const auto run_worker = [&](std::size_t i) {
    if (work == "uneven") work_loop(*shared, i, 1, bench::busy);
    if (is_blobs) work_loop(*shared, i, 1, sum);
    work_loop(*shared, i, 64, bench::noop);
  };
  const bench::children forked{workers, run_worker};
  host pool{*shared, workers};
  if (work == "submit") {
    submit(pool, args);
  } else if (work == "roundtrip" || work == "idle_roundtrip") {
    latency(pool, args);
  } else if (is_blobs) {
    blobs(pool, blocks, args);
  } else if (work == "uneven") {
    uneven(pool, args);
  } else {
    throw std::invalid_argument("this peer does not do " + work);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer_ring: %s\n", error.what());
  return 1;
}
