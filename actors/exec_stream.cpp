// Part of Troupe; see LICENSE.

#include "troupe/actors/exec_stream.hpp"

#include "troupe/base/text.hpp"
#include "troupe/pipeline/worker_errors.hpp"

#include <algorithm>
#include <cstdio>

namespace troupe::actors {
namespace {

constexpr std::uint32_t failures_max = 3;

} // namespace

void exec_stream::start() {
  child_ = std::make_unique<command_child>(argv_);
  sent_ = received_ = 0;
  is_cut_off_ = false;
}

void exec_stream::add(std::string_view line, emitter& out) {
  if (line.find('\n') != std::string_view::npos) {
    // A throw would end this object, and the filter with what it has.
    tell("is not given a message that holds a line feed, so it is not one line; it is lost");
    return out.note({.lost = 1});
  }
  while (child_) {
    if (give(line, out)) return;
  }
  ++unwanted_;
}

// False when the filter has ended before it got anything of the line.
bool exec_stream::give(std::string_view line, emitter& out) {
  const auto begin = child_->sent_bytes();
  static_cast<void>(child_->send(line));
  while (!child_->has_sent_all() && !child_->is_deaf()) {
    child_->exchange(deadline::never());
    take_lines(out);
  }
  const bool is_begun = child_->sent_bytes() > begin;
  if (is_begun) ++sent_;
  if (child_->has_sent_all()) return true;
  read_rest(out);
  finish_child(ending::early, out);
  return is_begun;
}

void exec_stream::read_rest(emitter& out) {
  while (!child_->is_silent()) {
    child_->exchange(deadline::never());
    take_lines(out);
  }
  take_lines(out);
}

void exec_stream::take_lines(emitter& out) {
  while (const auto line = child_->next_line()) {
    if (child_->is_line_open() && !end_child().is_success()) {
      is_cut_off_ = true;
      tell("failed in the middle of a line, which is lost: " + text::printable(*line));
      continue;
    }
    out.emit(*line);
    ++received_;
    failures_ = 0;
  }
}

void exec_stream::emit(emitter& out) {
  if (child_) {
    child_->close_input();
    read_rest(out);
    finish_child(ending::at_end_of_input, out);
  }
  if (unwanted_ > 0) {
    tell("ended with success before its input did: it was not given " + std::to_string(unwanted_) +
         " messages");
    unwanted_ = 0;
  }
}

void exec_stream::finish_child(ending when, emitter& out) {
  const auto status = end_child();
  const auto unread = child_->unread_lines();
  const auto lost = lost_messages(status);
  child_.reset();
  end_.reset();
  if (status.is_success()) {
    unwanted_ += unread;
    return;
  }
  auto text = "ended: " + to_string(status);
  if (lost > 0) {
    text += "; up to " + std::to_string(lost) + " messages that it had are lost (mode: stream)";
    out.note({.lost = lost});
  }
  if (when == ending::at_end_of_input) return tell(text);
  if (++failures_ >= failures_max) {
    throw stage_failed{"command '" + argv_.front() + "' " + text +
                       "; it failed three times without any output, see its stderr"};
  }
  tell(text + "; it is started again");
  out.note({.restarts = 1});
  start();
}

exit_status exec_stream::end_child() {
  if (!end_) end_ = child_->end();
  return *end_;
}

// Once it has ended, not well.
std::uint64_t exec_stream::lost_messages(const exit_status& status) const {
  const auto unread = child_->unread_lines();
  // So ends grep when it has found nothing.
  if (status.code() == 1 && received_ == 0 && unread == 0 && !is_cut_off_) return 0;
  const std::uint64_t cut_off = is_cut_off_ ? 1 : 0;
  return std::max({pipeline::doubtful_messages(sent_, received_), unread, cut_off});
}

void exec_stream::tell(const std::string& text) const {
  std::fprintf(stderr, "exec: command '%s' %s\n", argv_.front().c_str(), text.c_str());
}

} // namespace troupe::actors
