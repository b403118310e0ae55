// Part of Troupe; see LICENSE.

#include "troupe/runtime/load.hpp"

#include "troupe/actors/catalogue.hpp"
#include "troupe/base/assert.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/runtime/control_service.hpp"
#include "troupe/runtime/environment_check.hpp"
#include "troupe/runtime/read_config.hpp"
#include "troupe/runtime/run_counts.hpp"
#include "troupe/runtime/troupe_host.hpp"
#include "troupe/runtime/view.hpp"

#include <iterator>
#include <mutex>
#include <utility>

namespace troupe {

namespace {

// As TROUPE_WORKER does it, before main: a worker is this program, too, and its main does not come
// as far as `load`.
[[maybe_unused]] const bool has_builtins = (actors::install_builtins(), true);

std::string lines_of(const std::vector<config::diagnostic>& findings) {
  std::string out;
  for (const auto& one : findings) {
    if (one.weight != config::severity::error) continue;
    if (!out.empty()) out += '\n';
    out += headline(one);
  }
  return out;
}

bool wants_socket(const config::control_spec& control) {
  return control.enabled.value_or(control.socket.has_value());
}

} // namespace

config_error::config_error(std::vector<config::diagnostic> findings)
    : error{errc::bad_data, lines_of(findings)},
      findings_{std::make_shared<const std::vector<config::diagnostic>>(std::move(findings))} {}

/// The troupe behind the handle, which may be moved while the control socket asks.
class loaded_troupe::impl {
public:
  impl(config::troupe_spec spec, std::vector<config::diagnostic> warnings)
      : spec_{std::move(spec)}, warnings_{std::move(warnings)} {}

  ~impl() {
    endpoint_.reset(); // It asks the host.
    host_.reset();
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  [[nodiscard]] const config::troupe_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] const auto& warnings() const noexcept { return warnings_; }

  void start() {
    const auto lock = lock_here();
    if (phase_ != phase::loaded) {
      throw invalid_state{"the troupe '" + spec_.name + "' was " +
                          (phase_ == phase::started ? "started" : "stopped") +
                          " before; load the file again for another run"};
    }
    const auto begin = clock::now();
    auto host = std::make_unique<troupe_host>(spec_, run_options{});
    std::unique_ptr<control::endpoint> endpoint; // Ends before the host: it asks it.
    if (wants_socket(spec_.control)) {
      endpoint = serve_control(spec_, "", [this, begin, at = host.get()] {
                   return expected{view_of(*at, spec_, begin)};
                 }).value();
    }
    host->start();
    started_ = begin;
    host_ = std::move(host);
    endpoint_ = std::move(endpoint);
    phase_ = phase::started;
  }

  void stop(stop_mode mode) {
    const auto lock = lock_here();
    if (phase_ == phase::started) return host_->stop(mode);
    phase_ = phase::stopped;
  }

  bool wait(deadline limit) {
    auto* const host = running_host();
    if (host != nullptr) return host->wait(limit);
    const auto lock = lock_here();
    if (phase_ == phase::stopped) return true;
    throw invalid_state{"the troupe '" + spec_.name + "' does not run; call start() before wait()"};
  }

  run_report report() {
    run_report out;
    auto* const host = running_host();
    if (host == nullptr) {
      const auto lock = lock_here();
      out.view.name = spec_.name;
      out.view.file = spec_.file;
      out.view.state = phase_ == phase::stopped ? "stopped" : "loaded";
      return out;
    }
    out.view = view_of(*host, spec_, started_);
    const auto result = host->result();
    out.cause = result.cause;
    out.was_too_slow = result.was_too_slow;
    out.messages = count_finished_messages(spec_, out.view);
    out.messages_lost = count_lost_messages(spec_, out.view);
    return out;
  }

private:
  // In a forked copy, the mutex may be held by a thread that is not there.
  std::unique_lock<std::mutex> lock_here() {
    if (guard_.is_forked_copy()) guard_.refuse_forked_copy("the troupe '" + spec_.name + "'");
    return std::unique_lock{mutex_};
  }

  // Null before `start`; it stays where it is from then on.
  troupe_host* running_host() {
    const auto lock = lock_here();
    return host_.get();
  }

  enum class phase { loaded, started, stopped };

  const os::fork_guard guard_;
  const config::troupe_spec spec_;
  const std::vector<config::diagnostic> warnings_;
  std::mutex mutex_; // Protects what follows.
  phase phase_ = phase::loaded;
  time_point started_{};
  std::unique_ptr<troupe_host> host_;
  std::unique_ptr<control::endpoint> endpoint_;
};

loaded_troupe::loaded_troupe(std::unique_ptr<impl> made) noexcept : impl_{std::move(made)} {}
loaded_troupe::loaded_troupe(loaded_troupe&&) noexcept = default;
loaded_troupe& loaded_troupe::operator=(loaded_troupe&&) noexcept = default;
loaded_troupe::~loaded_troupe() = default;

const std::string& loaded_troupe::name() const noexcept {
  return impl_->spec().name;
}

const std::vector<config::diagnostic>& loaded_troupe::warnings() const noexcept {
  return impl_->warnings();
}

void loaded_troupe::start() {
  impl_->start();
}

void loaded_troupe::stop() {
  impl_->stop(stop_mode::drain);
}

void loaded_troupe::kill() {
  impl_->stop(stop_mode::kill);
}

void loaded_troupe::wait() {
  static_cast<void>(impl_->wait(deadline::never()));
}

bool loaded_troupe::wait(deadline limit) {
  return impl_->wait(limit);
}

run_report loaded_troupe::report() const {
  return impl_->report();
}

loaded_troupe load(const std::string& path, const load_settings& settings) {
  auto read = read_config(path, settings.set);
  auto& findings = read.diagnostics;
  if (read.spec) {
    auto more = check_environment(*read.spec);
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
    config::sort_by_position(findings);
  }
  if (!read.spec || config::has_errors(findings)) throw config_error{std::move(findings)};
  return loaded_troupe{
      std::make_unique<loaded_troupe::impl>(*std::move(read.spec), std::move(findings))};
}

} // namespace troupe
