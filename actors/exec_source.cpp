// Part of Troupe; see LICENSE.

#include "troupe/actors/exec_source.hpp"

#include "troupe/pipeline/worker_errors.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <utility>

namespace troupe::actors {
namespace {

// A command that writes nothing is left alone this long before the host hears that it is so; less
// than the host waits for a source that is to stop (stage::source_grace).
constexpr std::chrono::milliseconds wait_max{200};

class command_output final : public byte_input {
public:
  command_output(command_child& child, std::string name) : child_{&child}, name_{std::move(name)} {}
  std::optional<std::size_t> read(std::span<std::byte> into) override {
    return child_->read(into, deadline::after(wait_max));
  }
  [[nodiscard]] bool may_wait() const noexcept override { return true; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

private:
  command_child* child_;
  std::string name_;
};

// As the host gives them: codes, and signals as negative numbers.
std::vector<exit_status> exits_from(const std::string& text) {
  std::vector<exit_status> out;
  std::istringstream in{text};
  for (int number = 0; in >> number;) {
    out.push_back(number < 0 ? exit_status::killed_by(-number) : exit_status::exited_with(number));
  }
  return out;
}

std::string lines_text(std::uint64_t lines) {
  return std::to_string(lines) + (lines == 1 ? " line" : " lines");
}

} // namespace

exec_source::exec_source(const worker_config& config)
    : argv_{config.list("command")}, success_exits_{exits_from(config.text("success_exit", "0"))},
      is_skipping_{config.text("on_error", "stop") == "skip"} {}

void exec_source::load(const command_place& place) {
  place_ = place;
  is_orphaned_ = place.is_begun;
}

bool exec_source::produce(emitter& out) {
  if (is_orphaned_) {
    give_up("ended with its worker after " + lines_text(place_.lines) +
                "; what it had not given on by then is lost, and it is not started again, because "
                "it would begin anew",
            out);
    return false;
  }
  if (!place_.is_begun) {
    place_.is_begun = true; // Committed before the command is: a successor never starts it again.
    return true;
  }
  if (!reader_) start();
  const auto before = out.size().count + out.skipped().size();
  const bool goes_on = reader_->emit_some(out);
  place_.lines += out.size().count + out.skipped().size() - before;
  if (!goes_on) finish(out);
  return goes_on;
}

void exec_source::start() {
  child_ = std::make_unique<command_child>(argv_);
  child_->close_input();
  reader_.emplace(std::make_unique<command_output>(*child_, "command '" + argv_.front() + "'"), 0,
                  line_reader::long_lines::skip);
  reader_->leave_last_line_open();
}

void exec_source::finish(emitter& out) {
  const auto status = child_->end();
  const bool has_rest = reader_->has_rest();
  if (is_success(status)) reader_->emit_rest(out);
  reader_.reset();
  child_.reset();
  if (is_success(status)) {
    place_.lines += has_rest ? 1 : 0;
    return;
  }
  const auto text = "ended after " + lines_text(place_.lines) + ": " + to_string(status);
  if (is_skipping_) {
    const auto* const rest = has_rest ? ", and the line that it had begun," : "";
    return give_up(text + "; what it should have written besides" + rest + " is lost", out);
  }
  throw stage_failed{"command '" + argv_.front() + "' " + text +
                     "; see its stderr, and mend that; if it is well so, list it in "
                     "restart.success_exit, or set 'on_error: skip' to go on without the rest"};
}

// Nobody knows how much there would have been; one stands for all of it.
void exec_source::give_up(const std::string& why, emitter& out) const {
  std::fprintf(stderr, "exec: command '%s' %s\n", argv_.front().c_str(), why.c_str());
  out.note({.lost = 1});
}

bool exec_source::is_success(exit_status status) const {
  return std::find(success_exits_.begin(), success_exits_.end(), status) != success_exits_.end();
}

} // namespace troupe::actors
