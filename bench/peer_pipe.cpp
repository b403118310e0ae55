// Part of Troupe; see LICENSE.

// A pipe pair per worker: what anybody writes by hand. One write per task; whoever reads takes all
// that is there and answers it with one write.

#include "children.hpp"
#include "meter.hpp"
#include "work.hpp"

#include <array>
#include <cstdint>
#include <exception>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace {

using namespace bench;

constexpr std::size_t words_at_once = 512; // 4 KiB: no read ends inside a word.

struct pipe_pair {
  std::array<int, 2> request{};
  std::array<int, 2> response{};
};

void work_loop(const pipe_pair& pipes) {
  std::array<std::uint64_t, words_at_once> words{};
  while (true) {
    const auto got = read(pipes.request[0], words.data(), sizeof words);
    if (got <= 0) return;
    const auto count = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < count; ++i) words[i] = noop(words[i]);
    if (write(pipes.response[1], words.data(), static_cast<std::size_t>(got)) != got) return;
  }
}

/// The host's ends of all workers' pipes.
class host {
public:
  explicit host(const std::vector<pipe_pair>& pipes) : pipes_{pipes} {
    for (const auto& pair : pipes_)
      polls_.push_back({.fd = pair.response[0], .events = POLLIN, .revents = 0});
  }

  void send(std::uint64_t value) {
    const auto& pair = pipes_[value % pipes_.size()];
    if (write(pair.request[1], &value, sizeof value) != sizeof value)
      throw std::runtime_error("write");
  }

  std::uint64_t receive() {
    if (poll(polls_.data(), polls_.size(), -1) <= 0) throw std::runtime_error("poll");
    std::uint64_t answers = 0;
    for (const auto& entry : polls_) {
      if ((entry.revents & POLLIN) == 0) continue;
      const auto got = read(entry.fd, words_.data(), sizeof words_);
      if (got <= 0) throw std::runtime_error("a worker has ended");
      const auto count = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
      for (std::size_t i = 0; i < count; ++i) sum_ += words_[i];
      answers += count;
    }
    return answers;
  }

  /// The sum of all answers since the last call.
  std::uint64_t take_sum() { return std::exchange(sum_, 0); }

private:
  std::vector<pipe_pair> pipes_;
  std::vector<pollfd> polls_;
  std::array<std::uint64_t, words_at_once> words_{};
  std::uint64_t sum_ = 0;
};

void submit(host& pool, const arguments& args) {
  const auto window = args.get("window", 1024);
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(
        tasks, window, [&](auto i) { pool.send(i); }, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), noop_sum(tasks), "sum of answers");
  };
  const auto tasks = args.get("tasks", 500'000);
  run(tasks / 10);
  measure_tasks(report{"pipe", args.work()}, tasks, [&] { run(tasks); }).print();
}

void latency(host& pool, const arguments& args) {
  const auto idle_ns = args.get("idle_ns", 0);
  const auto round_trip = [&](std::uint64_t i) {
    pool.send(i);
    pool.receive();
    require_equal(pool.take_sum(), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  measure_latency(report{"pipe", args.work()}, args.get("tasks", 5000), idle_ns, round_trip)
      .print();
}

} // namespace

int main(int argc, char** argv) try {
  const bench::arguments args{argc, argv};
  std::vector<pipe_pair> pipes(args.get("workers", 2));
  for (auto& pair : pipes) {
    if (pipe(pair.request.data()) != 0 || pipe(pair.response.data()) != 0) return 1;
  }
  const bench::children workers{pipes.size(), [&](std::size_t i) { work_loop(pipes[i]); }};
  host pool{pipes};
  if (args.work() == "submit") {
    submit(pool, args);
  } else if (args.work() == "roundtrip" || args.work() == "idle_roundtrip") {
    latency(pool, args);
  } else {
    throw std::invalid_argument("this peer does not do " + args.work());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer_pipe: %s\n", error.what());
  return 1;
}
