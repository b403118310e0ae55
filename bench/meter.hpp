// Part of Troupe; see LICENSE.

#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <unistd.h>

/// Clocks, arguments and the one line of JSON that each program prints.
namespace bench {

constexpr double nanoseconds_per_second = 1e9;

/// `program WORK name=value ...`: which work to do, and its size.
class arguments {
public:
  arguments(int argc, char** argv) {
    if (argc < 2) throw std::invalid_argument("usage: PROGRAM WORK [name=value ...]");
    work_ = argv[1];
    for (int i = 2; i < argc; ++i) {
      const std::string word = argv[i];
      const auto equals = word.find('=');
      if (equals == std::string::npos) throw std::invalid_argument("not name=value: " + word);
      values_[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
    }
  }

  [[nodiscard]] const std::string& work() const { return work_; }

  [[nodiscard]] std::uint64_t get(const std::string& name, std::uint64_t otherwise) const {
    const auto at = values_.find(name);
    return at == values_.end() ? otherwise : at->second;
  }

private:
  std::string work_;
  std::map<std::string, std::uint64_t> values_;
};

inline double clock_seconds(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return 0.0; // The process has ended.
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / nanoseconds_per_second;
}

inline double wall_seconds() {
  return clock_seconds(CLOCK_MONOTONIC);
}

/// CPU time (user and system) of this process and of all processes below it.
class tree_cpu {
public:
  /// Finds the processes below this one; make it when the workers are up, and before the work.
  tree_cpu() {
    const auto parents = parents_of_all();
    std::vector<pid_t> found{getpid()};
    for (std::size_t i = 0; i < found.size(); ++i) { // `found` grows by each one's children.
      for (const auto& [pid, parent] : parents) {
        if (parent == found[i]) found.push_back(pid);
      }
    }
    for (const auto pid : found) {
      clockid_t clock{};
      if (clock_getcpuclockid(pid, &clock) == 0) clocks_.push_back(clock);
    }
  }

  [[nodiscard]] double seconds() const {
    double sum = 0.0;
    for (const auto clock : clocks_) sum += clock_seconds(clock);
    return sum;
  }

private:
  static std::vector<std::pair<pid_t, pid_t>> parents_of_all() {
    std::vector<std::pair<pid_t, pid_t>> parents;
    DIR* folder = opendir("/proc");
    if (folder == nullptr) return parents;
    while (const dirent* entry = readdir(folder)) {
      const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
      if (pid > 0) parents.emplace_back(pid, parent_of(pid));
    }
    closedir(folder);
    return parents;
  }

  static pid_t parent_of(pid_t pid) {
    const auto path = "/proc/" + std::to_string(pid) + "/stat";
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return 0;
    std::string text(512, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    const auto name_end = text.rfind(')'); // A process may have blanks and brackets in its name.
    int parent = 0;
    if (name_end == std::string::npos) return 0;
    if (std::sscanf(text.c_str() + name_end + 1, " %*c %d", &parent) != 1) return 0;
    return static_cast<pid_t>(parent);
  }

  std::vector<clockid_t> clocks_;
};

/// The result of one run, printed as one JSON object on one line.
class report {
public:
  report(std::string_view peer, std::string_view work) {
    text_ = "{\"peer\":\"" + std::string{peer} + "\",\"work\":\"" + std::string{work} + '"';
  }

  report& number(const char* name, double value) {
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.9g", value);
    text_ += std::string{",\""} + name + "\":" + digits;
    return *this;
  }

  void print() const {
    std::printf("%s}\n", text_.c_str());
    std::fflush(stdout);
  }

private:
  std::string text_;
};

/// Ends the program when a worker's answers are wrong: such a run measured something else.
inline void require_equal(std::uint64_t got, std::uint64_t expected, const char* what) {
  if (got == expected) return;
  std::fprintf(stderr, "wrong result: %s is %llu, expected %llu\n", what,
               static_cast<unsigned long long>(got), static_cast<unsigned long long>(expected));
  std::exit(3);
}

/// Wall and CPU time of `tasks` tasks done by `work()`, as rate and as cost per task.
template<class Work>
report measure_tasks(report result, std::uint64_t tasks, Work work) {
  const tree_cpu cpu;
  const auto cpu_before = cpu.seconds();
  const auto before = wall_seconds();
  work();
  const auto seconds = wall_seconds() - before;
  const auto cpu_seconds = cpu.seconds() - cpu_before;
  const auto count = static_cast<double>(tasks);
  result.number("tasks", count).number("seconds", seconds).number("rate", count / seconds);
  return result.number("cpu_us", cpu_seconds / count * 1e6);
}

/// Keeps up to `window` tasks outstanding on one thread: `send(i)` hands in task i, `receive()`
/// blocks for at least one answer and returns how many it took.
template<class Send, class Receive>
void run_windowed(std::uint64_t tasks, std::uint64_t window, Send send, Receive receive) {
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  while (done < tasks) {
    while (sent < tasks && sent - done < window) send(sent++);
    done += receive();
  }
}

/// One task at a time: p50 and p99 of `round_trip(i)`, with `idle_ns` of sleep before each.
template<class RoundTrip>
report measure_latency(report result, std::uint64_t tasks, std::uint64_t idle_ns,
                       RoundTrip round_trip) {
  const timespec idle{.tv_sec = 0, .tv_nsec = static_cast<long>(idle_ns)};
  std::vector<double> micros(tasks);
  for (std::uint64_t i = 0; i < tasks; ++i) {
    if (idle_ns != 0) nanosleep(&idle, nullptr);
    const auto before = wall_seconds();
    round_trip(i);
    micros[i] = (wall_seconds() - before) * 1e6;
  }
  std::sort(micros.begin(), micros.end());
  result.number("tasks", static_cast<double>(tasks)).number("p50_us", micros[tasks / 2]);
  return result.number("p99_us", micros[tasks * 99 / 100]);
}

/// Adds the bandwidth of `tasks` blobs to a result of `measure_tasks`.
template<class Work>
report measure_blobs(report result, std::uint64_t tasks, std::size_t blob_size, Work work) {
  const auto before = wall_seconds();
  work();
  const auto seconds = wall_seconds() - before;
  constexpr double gib = 1024.0 * 1024.0 * 1024.0;
  result.number("tasks", static_cast<double>(tasks)).number("seconds", seconds);
  return result.number("gib_s", static_cast<double>(tasks * blob_size) / gib / seconds);
}

} // namespace bench
