// Part of Troupe; see LICENSE.

// Troupe's side of the suite `pool`: the public interface only, as a user would write it.

#include "meter.hpp"
#include "work.hpp"

#include "troupe/pool.hpp"
#include "troupe/runtime/init.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

namespace {

using namespace bench;

std::uint64_t sum_blob(std::span<const std::byte> blob) {
  return checksum(blob.data(), blob.size());
}

/// The newest futures, at most `window`; older ones are waited for and their answers added up.
class outstanding {
public:
  explicit outstanding(std::uint64_t window) : futures_(window) {}

  void add(troupe::future<std::uint64_t> future) {
    auto& place = futures_[next_++ % futures_.size()];
    if (place.valid()) sum_ += place.get();
    place = std::move(future);
  }

  /// Waits for all; returns the sum of all answers since the last call.
  std::uint64_t finish() {
    for (std::uint64_t i = 0; i < futures_.size(); ++i) add({}); // Oldest first.
    return std::exchange(sum_, 0);
  }

private:
  std::vector<troupe::future<std::uint64_t>> futures_;
  std::uint64_t next_ = 0;
  std::uint64_t sum_ = 0;
};

void submit_all(troupe::pool& pool, std::uint64_t tasks, std::uint64_t window) {
  outstanding waiting{window};
  for (std::uint64_t i = 0; i < tasks; ++i) waiting.add(pool.submit(noop, i));
  require_equal(waiting.finish(), noop_sum(tasks), "sum of answers");
}

void submit_by_threads(troupe::pool& pool, std::uint64_t tasks, const arguments& args) {
  const auto submitters = args.get("submitters", 1);
  const auto window = std::max<std::uint64_t>(1, args.get("window", 1024) / submitters);
  if (submitters == 1) return submit_all(pool, tasks, window);
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < submitters; ++i) {
    threads.emplace_back([&] { submit_all(pool, tasks / submitters, window); });
  }
}

/// Runs the work `repeat` times on one pool; the report is that of the run with the median time.
void submit(troupe::pool& pool, const arguments& args) {
  const auto tasks = args.get("tasks", 3'000'000);
  submit_by_threads(pool, std::max<std::uint64_t>(tasks / 10, 10'000), args);
  const auto run = [&] { submit_by_threads(pool, tasks, args); };
  std::vector<double> micros;
  for (std::uint64_t i = 1; i < args.get("repeat", 1); ++i) {
    const auto before = wall_seconds();
    run();
    micros.push_back((wall_seconds() - before) / static_cast<double>(tasks) * 1e6);
  }
  const auto before = pool.stats();
  auto result = measure_tasks(report{"troupe", args.work()}, tasks, run);
  const auto after = pool.stats();
  const auto wakes = after.wakes - before.wakes + after.served - before.served;
  result.number("wakes_per_task", static_cast<double>(wakes) / static_cast<double>(tasks));
  if (!micros.empty()) {
    std::nth_element(micros.begin(),
                     micros.begin() + static_cast<std::ptrdiff_t>(micros.size() / 2), micros.end());
    result.number("us_per_task", micros[micros.size() / 2]);
  }
  result.print();
}

/// `repeat` times over one list, after one time unmeasured, as the peer does: memory that nobody
/// had lately costs a virtual machine more than the whole map, and that is not what is measured.
void map(troupe::pool& pool, const arguments& args) {
  const auto tasks = args.get("tasks", 2'000'000);
  const auto repeat = args.get("repeat", 1);
  std::vector<std::uint64_t> values(tasks);
  std::iota(values.begin(), values.end(), std::uint64_t{0});
  std::vector<std::uint64_t> answers;
  const auto run = [&] { answers = pool.map(noop, values); };
  run();
  const auto result = measure_tasks(report{"troupe", args.work()}, tasks * repeat, [&] {
    for (std::uint64_t i = 0; i < repeat; ++i) run();
  });
  for (std::uint64_t i = 0; i < tasks; ++i) require_equal(answers.at(i), i + 1, "an element");
  result.print();
}

void latency(troupe::pool& pool, const arguments& args) {
  const auto round_trip = [&](std::uint64_t i) {
    require_equal(pool.submit(noop, i).get(), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  const auto tasks = args.get("tasks", 5000);
  measure_latency(report{"troupe", args.work()}, tasks, args.get("idle_ns", 0), round_trip).print();
}

void copied(troupe::pool& pool, const arguments& args) {
  const blob_set set{args.get("blobs", 8)};
  outstanding waiting{args.get("window", 8)};
  const auto run = [&](std::uint64_t tasks) {
    for (std::uint64_t i = 0; i < tasks; ++i) {
      const auto& blob = set.blobs[i % set.blobs.size()];
      waiting.add(pool.submit(sum_blob, std::as_bytes(std::span{blob})));
    }
    require_equal(waiting.finish(), set.sum_of(tasks), "sum of checksums");
  };
  const auto tasks = args.get("tasks", 4000);
  run(tasks / 10);
  measure_blobs(report{"troupe", args.work()}, tasks, blob_bytes, [&] { run(tasks); }).print();
}

/// Blobs made in the pool's own buffers. `produced`: each is filled anew. `loaned`: it lies there
/// already, and the host only numbers it; buffers come round again as they were left, which the
/// checksums prove.
void in_place(troupe::pool& pool, const arguments& args) {
  const auto window = args.get("window", 8);
  const bool is_filled = args.work() == "produced";
  constexpr auto words = blob_bytes / sizeof(std::uint64_t);
  outstanding waiting{window};
  const auto words_of = [](const troupe::loan& buffer) {
    return std::span{reinterpret_cast<std::uint64_t*>(buffer.bytes().data()), words};
  };
  const auto run = [&](std::uint64_t tasks) {
    for (std::uint64_t i = 0; i < tasks; ++i) {
      auto buffer = pool.loan_buffer(blob_bytes);
      const auto blob = words_of(buffer);
      is_filled ? std::fill(blob.begin(), blob.end(), i) : void(blob.front() = i);
      waiting.add(pool.submit(sum_blob, std::move(buffer)));
    }
    const auto numbers = tasks * (tasks - 1) / 2;
    const auto expected = is_filled ? numbers * words : numbers + tasks * (words - 1);
    require_equal(waiting.finish(), expected, "sum of checksums");
  };
  {
    std::vector<troupe::loan> buffers; // More than are ever out at once.
    for (std::uint64_t i = 0; i < window + 2; ++i) {
      buffers.push_back(pool.loan_buffer(blob_bytes));
      std::ranges::fill(words_of(buffers.back()), std::uint64_t{1});
    }
  }
  const auto tasks = args.get("tasks", 4000);
  run(tasks / 10);
  measure_blobs(report{"troupe", args.work()}, tasks, blob_bytes, [&] { run(tasks); }).print();
}

void uneven(troupe::pool& pool, const arguments& args) {
  const auto units = uneven_units(args.get("tasks", 2000));
  outstanding waiting{units.size()};
  std::uint64_t expected = 0;
  for (const auto unit : units) expected += busy(unit);
  pool.submit(busy, std::uint64_t{100}).get();
  const auto before = wall_seconds();
  for (const auto unit : units) waiting.add(pool.submit(busy, unit));
  const auto sum = waiting.finish();
  const auto seconds = wall_seconds() - before;
  require_equal(sum, expected, "sum of results");
  report{"troupe", args.work()}.number("seconds", seconds).print();
}

} // namespace

int main(int argc, char** argv) try {
  troupe::init(argc, argv);
  const bench::arguments args{argc, argv};
  const auto& work = args.work();
  troupe::pool pool{{.replicas = static_cast<int>(args.get("workers", 2))}};
  if (work == "submit") {
    submit(pool, args);
  } else if (work == "map") {
    map(pool, args);
  } else if (work == "roundtrip" || work == "idle_roundtrip") {
    latency(pool, args);
  } else if (work == "copied") {
    copied(pool, args);
  } else if (work == "loaned" || work == "produced") {
    in_place(pool, args);
  } else if (work == "uneven") {
    uneven(pool, args);
  } else {
    throw std::invalid_argument("this peer does not do " + work);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "pool_troupe: %s\n", error.what());
  return 1;
}
