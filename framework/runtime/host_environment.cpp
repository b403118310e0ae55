// Part of Troupe; see LICENSE.

#include "troupe/runtime/host_environment.hpp"

#include "troupe/os/fork_guard.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/pool/call_runner.hpp"
#include "troupe/pool/dispatcher.hpp"
#include "troupe/process/make_launcher.hpp"
#include "troupe/runtime/detail/environment_claim.hpp"
#include "troupe/runtime/reactor_timers.hpp"
#include "troupe/supervision/supervision_factory.hpp"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <utility>

namespace troupe {

namespace {

constexpr auto its_name = "Troupe's runtime";

std::mutex sink_mutex;
output_sink current_sink; // Under sink_mutex.
log_sink current_log;     // Under sink_mutex.

class environment final : public pool_environment {
public:
  environment()
      : timers_{std::make_shared<reactor_timers>(reactor_)},
        launcher_{make_launcher(reactor_, [this](std::string_view line) { tell_once(line); })},
        supervision_{make_supervision_factory({.timers = timers_})} {}

  ~environment() override {
    supervision_.reset();
    launcher_.reset();
    timers_->close();
  }

  launcher& processes() override { return own(*launcher_); }
  dispatcher& dispatch() override { return own(dispatcher_); }
  call_runner& calls() override { return own(calls_); }
  supervision_factory& supervision() override { return own(*supervision_); }

  void take_output(std::string_view name, output_stream stream, std::string_view line) override {
    guard_.refuse_forked_copy(its_name);
    {
      const std::lock_guard lock{sink_mutex};
      if (current_sink) return current_sink(name, stream, line);
    }
    std::string text{"["};
    text.append(name).append("] ").append(line).append("\n");
    auto* const to = stream == output_stream::out ? stdout : stderr;
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
  }

  void log(std::string_view line) override {
    guard_.refuse_forked_copy(its_name);
    {
      const std::lock_guard lock{sink_mutex};
      if (current_log) return current_log(line);
    }
    std::fprintf(stderr, "troupe: %.*s\n", static_cast<int>(line.size()), line.data());
  }

  // What the launcher has to say is said of the program: once, however many environments it has.
  void tell_once(std::string_view line) {
    static constinit std::atomic<bool> was_told = false;
    if (!was_told.exchange(true)) log(line);
  }

  [[nodiscard]] bool is_forked_copy() const noexcept { return guard_.is_forked_copy(); }

private:
  template<class T>
  T& own(T& part) const {
    guard_.refuse_forked_copy(its_name);
    return part;
  }

  const detail::environment_claim claim_{its_name}; // Outlives everything it is a claim to.
  const os::fork_guard guard_;
  os::reactor reactor_; // First: everything below uses it.
  std::shared_ptr<reactor_timers> timers_;
  dispatcher dispatcher_;
  call_runner calls_;
  std::unique_ptr<launcher> launcher_;
  std::unique_ptr<supervision_factory> supervision_;
};

} // namespace

std::shared_ptr<pool_environment> host_environment() {
  static constinit std::mutex mutex;
  static constinit std::weak_ptr<pool_environment> current;
  // A copy that is forked while the mutex is held must not come as far as the mutex.
  const detail::environment_claim passing{its_name};
  const std::lock_guard lock{mutex};
  auto shared = current.lock();
  if (!shared) {
    // A copy leaves it alone: the threads that it would join are not there.
    shared = {new environment, [](environment* ended) {
                if (!ended->is_forked_copy()) delete ended;
              }};
    current = shared;
  }
  return shared;
}

void set_output_sink(output_sink sink) {
  const detail::environment_claim passing{"the output sink"};
  const std::lock_guard lock{sink_mutex};
  current_sink = std::move(sink);
}

void set_log_sink(log_sink sink) {
  const detail::environment_claim passing{"the log sink"};
  const std::lock_guard lock{sink_mutex};
  current_log = std::move(sink);
}

} // namespace troupe
