// Part of Troupe; see LICENSE.

// Boost.Interprocess message_queue: one queue of tasks per worker and one of answers for all, as
// deep as the window, with messages of exactly the task's size.

#include "children.hpp"
#include "meter.hpp"
#include "work.hpp"

#include <boost/interprocess/ipc/message_queue.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bench;
using boost::interprocess::message_queue;

/// Makes a queue that only this process and the workers it forks know: its name goes at once.
std::unique_ptr<message_queue> make_queue(const std::string& role, std::size_t depth,
                                          std::size_t bytes) {
  const auto name = "troupe-bench-" + std::to_string(getpid()) + '-' + role;
  message_queue::remove(name.c_str());
  auto queue =
      std::make_unique<message_queue>(boost::interprocess::create_only, name.c_str(), depth, bytes);
  message_queue::remove(name.c_str());
  return queue;
}

void work_loop(message_queue& tasks, message_queue& answers) {
  std::vector<std::uint64_t> message(tasks.get_max_msg_size() / sizeof(std::uint64_t));
  const auto bytes = message.size() * sizeof(std::uint64_t);
  while (true) {
    message_queue::size_type got = 0;
    unsigned priority = 0;
    tasks.receive(message.data(), bytes, got, priority);
    const auto answer =
        got == sizeof(std::uint64_t) ? noop(message.front()) : checksum(message.data(), got);
    answers.send(&answer, sizeof answer, 0);
  }
}

/// The host's side of all queues.
class host {
public:
  host(std::size_t workers, std::size_t window, std::size_t message_bytes)
      : answers_{make_queue("answers", window, sizeof(std::uint64_t))} {
    for (std::size_t i = 0; i < workers; ++i) {
      tasks_.push_back(make_queue("tasks-" + std::to_string(i), window, message_bytes));
    }
  }

  [[nodiscard]] std::size_t workers() const { return tasks_.size(); }
  void work(std::size_t index) { work_loop(*tasks_[index], *answers_); }

  void send(std::uint64_t task, const void* data, std::size_t bytes) {
    tasks_[task % tasks_.size()]->send(data, bytes, 0);
  }

  /// Waits for one answer, takes what else is there, adds them all to the sum.
  std::uint64_t receive() {
    std::uint64_t value = 0;
    message_queue::size_type got = 0;
    unsigned priority = 0;
    std::uint64_t answers = 1;
    answers_->receive(&value, sizeof value, got, priority);
    sum_ += value;
    while (answers_->try_receive(&value, sizeof value, got, priority)) {
      sum_ += value;
      ++answers;
    }
    return answers;
  }

  std::uint64_t take_sum() { return std::exchange(sum_, 0); }

private:
  std::vector<std::unique_ptr<message_queue>> tasks_;
  std::unique_ptr<message_queue> answers_;
  std::uint64_t sum_ = 0;
};

void submit(host& pool, const arguments& args, std::uint64_t window) {
  const auto send = [&](std::uint64_t i) { pool.send(i, &i, sizeof i); };
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(tasks, window, send, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), noop_sum(tasks), "sum of answers");
  };
  const auto tasks = args.get("tasks", 500'000);
  run(tasks / 10);
  measure_tasks(report{"boost", args.work()}, tasks, [&] { run(tasks); }).print();
}

void latency(host& pool, const arguments& args) {
  const auto round_trip = [&](std::uint64_t i) {
    pool.send(i, &i, sizeof i);
    pool.receive();
    require_equal(pool.take_sum(), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  const auto tasks = args.get("tasks", 5000);
  measure_latency(report{"boost", args.work()}, tasks, args.get("idle_ns", 0), round_trip).print();
}

void copied(host& pool, const arguments& args, std::uint64_t window) {
  const blob_set set{args.get("blobs", 8)};
  const auto send = [&](std::uint64_t i) {
    pool.send(i, set.blobs[i % set.blobs.size()].data(), blob_bytes);
  };
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(tasks, window, send, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), set.sum_of(tasks), "sum of checksums");
  };
  const auto tasks = args.get("tasks", 4000);
  run(tasks / 10);
  measure_blobs(report{"boost", args.work()}, tasks, blob_bytes, [&] { run(tasks); }).print();
}

} // namespace

int main(int argc, char** argv) try {
  const bench::arguments args{argc, argv};
  const bool blobs = args.work() == "copied";
  const auto window = args.get("window", blobs ? 8 : 1024);
  host pool{args.get("workers", 2), window, blobs ? bench::blob_bytes : sizeof(std::uint64_t)};
  const bench::children workers{pool.workers(), [&](std::size_t i) { pool.work(i); }};
  if (args.work() == "submit") {
    submit(pool, args, window);
  } else if (args.work() == "roundtrip" || args.work() == "idle_roundtrip") {
    latency(pool, args);
  } else if (blobs) {
    copied(pool, args, window);
  } else {
    throw std::invalid_argument("this peer does not do " + args.work());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer_boost_queue: %s\n", error.what());
  return 1;
}
