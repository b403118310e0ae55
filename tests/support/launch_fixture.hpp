// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/process/make_launcher.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// Notes what happens to one child and lets the test wait for it.
class recording_observer : public process_observer {
public:
  void on_started(std::shared_ptr<child_process> child) override {
    note([&] { child_ = std::move(child); });
  }
  void on_start_failed(const failure& cause) override {
    note([&] { failure_ = cause; });
  }
  void on_exited(const exit_record& record) override {
    note([&] {
      exit_ = record;
      ++exits_;
    });
  }
  void on_output(output_stream stream, std::string_view line) override {
    note([&] { (stream == output_stream::out ? out_ : err_).emplace_back(line); });
  }

  /// Waits until it runs; null when it failed to start.
  std::shared_ptr<child_process> started() {
    wait([&] { return child_ || failure_; });
    return child_;
  }
  exit_record exited() {
    wait([&] { return exit_ || failure_; });
    return exit_.value_or(exit_record{});
  }
  failure start_failure() {
    wait([&] { return exit_ || failure_; });
    return failure_.value_or(failure{});
  }
  /// Waits until `count` lines of stdout are there.
  std::vector<std::string> out_lines(std::size_t count) {
    wait([&] { return out_.size() >= count || exit_ || failure_; });
    return out_;
  }
  bool has_failed() {
    const std::lock_guard lock{mutex_};
    return failure_.has_value();
  }
  bool has_exited() {
    const std::lock_guard lock{mutex_};
    return exit_.has_value();
  }
  /// After the end.
  const std::vector<std::string>& out() const { return out_; }
  const std::vector<std::string>& err() const { return err_; }
  int exits() const { return exits_; }

private:
  template<class F>
  void note(F&& change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  template<class F>
  void wait(F&& is_done) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, is_done);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<child_process> child_;
  std::optional<failure> failure_;
  std::optional<exit_record> exit_;
  int exits_ = 0;
  std::vector<std::string> out_;
  std::vector<std::string> err_;
};

/// A reactor and a launcher, and short ways to start things.
struct launch_fixture {
  os::reactor reactor;
  std::unique_ptr<launcher> starter = make_launcher(reactor);

  using entry_function = int(std::span<os::fd>, std::span<const std::byte>);

  std::shared_ptr<recording_observer> start_worker(entry_function* entry,
                                                   process_options options = {},
                                                   std::vector<const os::fd*> descriptors = {},
                                                   std::vector<std::byte> argument = {}) {
    if (options.name.empty()) options.name = "test/0";
    auto observer = std::make_shared<recording_observer>();
    starter->start(worker_request{.options = std::move(options),
                                  .entry = entry,
                                  .descriptors = std::move(descriptors),
                                  .argument = std::move(argument)},
                   observer);
    return observer;
  }

  std::shared_ptr<recording_observer> start_command(std::vector<std::string> argv,
                                                    process_options options = {}) {
    if (options.name.empty()) options.name = "command/0";
    auto observer = std::make_shared<recording_observer>();
    starter->start(
        command_request{
            .options = std::move(options), .argv = std::move(argv), .in = {}, .out = {}},
        observer);
    return observer;
  }
};

} // namespace troupe::test
