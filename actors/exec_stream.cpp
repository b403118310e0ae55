// Part of Troupe; see LICENSE.

#include "troupe/actors/exec_stream.hpp"

#include "troupe/pipeline/worker_errors.hpp"

#include <cstdio>

namespace troupe::actors {
namespace {

constexpr std::uint32_t failures_max = 3;

} // namespace

void exec_stream::add(std::string_view line, emitter& out) {
  if (line.find('\n') != std::string_view::npos) {
    throw message_refused{"the message holds a line feed, so it is not one line"};
  }
  if (!child_) return;
  child_->send(line);
  while (child_ && !child_->has_sent_all()) {
    child_->exchange(true);
    take_lines(out);
    if (!child_->is_deaf()) continue;
    read_rest(out);
    finish_child(true);
  }
}

void exec_stream::read_rest(emitter& out) {
  while (!child_->is_silent()) {
    child_->exchange(true);
    take_lines(out);
  }
  take_lines(out);
}

void exec_stream::take_lines(emitter& out) {
  while (const auto line = child_->next_line()) {
    out.emit(*line);
    failures_ = 0;
  }
}

void exec_stream::emit(emitter& out) {
  if (!child_) return;
  child_->close_input();
  read_rest(out);
  finish_child(false);
}

// grep ends with 1 when it found nothing, so at the end of the input any code will do.
void exec_stream::finish_child(bool is_early) {
  const auto status = child_->end();
  child_.reset();
  if (status.is_success() || (!is_early && status.code())) return;
  const auto text = "command '" + argv_.front() + "' ended early: " + to_string(status);
  if (!is_early || ++failures_ >= failures_max) throw stage_failed{text + "; see its stderr"};
  std::fprintf(stderr, "exec: %s; it is started again\n", text.c_str());
  start();
}

} // namespace troupe::actors
