// Part of Troupe; see LICENSE.

#include "troupe/actors/exec.hpp"

#include "troupe/base/text.hpp"
#include "troupe/pipeline/worker_errors.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace troupe::actors {
namespace {

// A message in a line of the log.
constexpr std::size_t shown_bytes_max = 80;

} // namespace

exec::exec(const worker_config& config)
    : argv_{config.list("command")}, pool_{config.pool()}, replica_{config.replica()},
      may_deliver_again_{config.number("max_attempts", 2) > 1},
      protocol_{make_command_protocol(config)}, child_{std::make_unique<command_child>(argv_)} {}

void exec::transform_batch(pipeline::bytes_view block, std::uint32_t count,
                           pipeline::batch_report& report) {
  std::vector<job> jobs;
  jobs.reserve(count);
  while (const auto message = pipeline::unpack(block)) {
    jobs.push_back({.message = pipeline::detail::as_text(*message), .answer = {}});
  }
  if (may_deliver_again_ && jobs.size() > 1) {
    std::vector<job*> all;
    for (auto& each : jobs) all.push_back(&each);
    run(all);
  }
  // When the command has died: the others alone, to see which of them it cannot stand.
  for (auto& each : jobs) {
    if (!each.answer) run({&each});
    if (!each.answer) each.answer = command_answer{{}, last_end_, false};
    if (each.answer->error) {
      report.fail(*each.answer->error, each.answer->is_final, std::max(each.deliveries, 1U));
      continue;
    }
    for (const auto& output : each.answer->outputs) report.out().emit(output);
    report.done();
  }
  report.out().note(std::exchange(troubles_, {}));
}

// What it writes when its input has ended replies to nothing. One that then lives on is left to
// the stop of its worker.
void exec::finish(emitter& out) {
  if (child_) {
    begin_round();
    child_->close_input();
    const auto limit = deadline::after(last_word_patience);
    while (!child_->is_silent() && !limit.has_passed() && nonsense_ < nonsense_max) {
      child_->exchange(limit);
      take_lines();
    }
    if (child_->is_silent() && (end_ || child_->has_ended(limit))) {
      check_sum();
      forget_child();
    } else {
      say("lives on after the end of its input; what it may still write is not looked at");
    }
  }
  out.note(std::exchange(troubles_, {}));
}

void exec::begin_round() {
  first_id_ += sent_.size();
  sent_.clear();
}

// Messages that the command has not read before it ended go to the next one.
void exec::run(const std::vector<job*>& which) {
  do {
    try_once(which);
  } while (was_unread_);
}

// Sends some of the messages, and collects answers until all are there or the command is gone.
void exec::try_once(const std::vector<job*>& which) {
  begin_round();
  prepare_child();
  was_unread_ = false;
  round_begin_ = child_->sent_bytes();
  for (auto* const each : which) {
    if (each->answer) continue;
    try {
      const auto end = child_->send(protocol_->line_of(each->message, first_id_ + sent_.size()));
      sent_.push_back({each, end});
    } catch (const message_refused& problem) {
      each->answer = command_answer{{}, problem.what(), true};
    }
  }
  quiet_since_ = clock::now();
  while (!is_answered() && !is_out_of_step_ && nonsense_ < nonsense_max && !child_->is_silent()) {
    exchange();
    take_lines();
  }
  if (protocol_->is_by_place() && is_answered()) { // Is there one too many?
    child_->exchange(deadline::now());
    take_lines();
  }
  conclude_round();
}

void exec::conclude_round() {
  for (const auto& each : sent_) lines_sent_ += child_->sent_bytes() >= each.end ? 1 : 0;
  if (child_->is_silent()) check_sum();
  const bool is_lost = !is_answered() || is_out_of_step_ || nonsense_ >= nonsense_max;
  auto round = sent_;
  if (is_out_of_step_) {
    for (auto& each : round) each.of->answer.reset();
  }
  const auto sent_bytes = child_->sent_bytes();
  if (!is_lost) ends_.note_answered_round();
  if (is_lost) lose_child();
  if (was_unread_) return;
  for (auto& each : round) each.of->deliveries += sent_bytes >= each.end ? 1 : 0;
}

// A command that has replied more often than it has read a line did so without being asked.
void exec::check_sum() {
  end_child();
  const auto unread = std::min(child_->unread_lines(), lines_sent_);
  if (!protocol_->is_by_place() || is_out_of_step_ || replies_ <= lines_sent_ - unread) return;
  note_surplus("(one that it wrote before it had read a message)");
}

// What a command says, or how it ends, while it has nothing to do is no fault of the next message.
void exec::prepare_child() {
  if (child_) {
    child_->exchange(deadline::now());
    take_lines();
    const bool is_gone = child_->is_silent() || child_->is_deaf();
    if (is_out_of_step_ || nonsense_ >= nonsense_max || is_gone) lose_child();
  }
  if (!child_) child_ = std::make_unique<command_child>(argv_);
}

void exec::exchange() {
  if (is_silence_told_) return child_->exchange(deadline::never());
  const auto limit = deadline::at(quiet_since_ + silence_told_after);
  child_->exchange(limit);
  if (limit.has_passed()) tell_silence();
}

void exec::take_lines() {
  while (const auto line = child_->next_line()) {
    quiet_since_ = clock::now();
    command_answer answer;
    auto meaning = protocol_->read(*line, oldest_open(), answer);
    switch (meaning.kind) {
    case line_meaning::what::nothing:
      break;
    case line_meaning::what::answer:
      accept(meaning.id, std::move(answer), *line);
      break;
    case line_meaning::what::nonsense:
      note_nonsense(*line, meaning.why);
      break;
    }
  }
}

void exec::accept(std::uint64_t id, command_answer answer, std::string_view line) {
  const bool is_sent = id >= first_id_ && id - first_id_ < sent_.size();
  if (is_sent && !sent_[id - first_id_].of->answer) {
    if (protocol_->is_by_place() && is_cut_off()) return note_nonsense(line, "it is cut off");
    sent_[id - first_id_].of->answer = std::move(answer);
    ++replies_;
    ends_.note_answer();
  } else if (protocol_->is_by_place()) {
    note_surplus(line);
  } else {
    const bool was_sent = id < first_id_ + sent_.size();
    note_nonsense(line, was_sent ? "its message has an answer already" : "no message has its id");
  }
}

void exec::note_nonsense(std::string_view line, const std::string& why) {
  ++nonsense_;
  ++troubles_.protocol_errors;
  say("wrote a line that answers nothing, " + why + ": " + text::printable(line));
}

// Which of its replies was the one too many, nobody can say.
void exec::note_surplus(std::string_view line) {
  is_out_of_step_ = true;
  ++nonsense_;
  ++troubles_.protocol_errors;
  ++troubles_.surplus;
  say("wrote more lines than it was given (mode: request_reply), so earlier replies may belong to "
      "other messages. It must write one line for each and nothing else, or use mode: envelope, "
      "where answers name their message. The line: " +
      text::printable(line));
}

// Whether the line that came last is half of one: its writer failed before it had written the rest.
bool exec::is_cut_off() {
  return child_->is_line_open() && !end_child().is_success();
}

void exec::tell_silence() {
  is_silence_told_ = true;
  const auto& oldest = *sent_[oldest_open() - first_id_].of;
  say("has given no answer for " + std::to_string(silence_told_after.count()) +
      " s to the message '" + text::printable(oldest.message, shown_bytes_max) +
      "'. It may need that long; or its answer waits in a buffer of its own, and it must flush "
      "after each line (python3 -u, sed -u, grep --line-buffered, stdbuf -oL, fflush); or it waits "
      "to fill a buffer of its input (awk of Debian: mawk -W interactive)");
}

// Ends what is left of the command, and remembers why.
void exec::lose_child() {
  const bool is_ours = is_out_of_step_ || nonsense_ >= nonsense_max;
  last_end_ = "command '" + argv_.front() + "' ";
  if (is_out_of_step_) {
    last_end_ += "wrote more lines than it was given, so that nobody can say which is the reply to "
                 "what (mode: request_reply)";
  } else if (is_ours) {
    last_end_ += "wrote " + std::to_string(nonsense_) + " lines that answer nothing";
  } else {
    last_end_ += "ended: " + to_string(end_child());
  }
  if (is_out_of_step_ && ++times_out_of_step_ >= out_of_step_max) {
    throw stage_failed{last_end_ + ", " + std::to_string(times_out_of_step_) +
                       " times. It must write one line for each; or use mode: envelope, where "
                       "answers name their message"};
  }
  if (!is_ours) judge_end();
  forget_child();
  ++troubles_.restarts;
  std::fprintf(stderr, "exec: %s; it is started again\n", last_end_.c_str());
}

void exec::judge_end() {
  const auto given = child_->sent_bytes();
  const auto unread = child_->unread_bytes();
  const bool has_read_nothing = unread == given;
  const auto meaning =
      ends_.note_end({.code = end_child().code(),
                      .has_read_nothing = has_read_nothing,
                      .is_round_unread = !is_answered() && unread >= given - round_begin_});
  was_unread_ = meaning.is_no_attempt;
  if (!meaning.is_hopeless) return;
  throw stage_failed{last_end_ + ", " + std::to_string(meaning.useless_starts) +
                     " times in a row and without any answer" +
                     (has_read_nothing ? ", before it had read a message" : "") +
                     "; see its stderr above, and whether all that it names is there"};
}

exit_status exec::end_child() {
  if (!end_) end_ = child_->end();
  return *end_;
}

void exec::forget_child() {
  child_.reset(); // Kills what still lives.
  end_.reset();
  nonsense_ = 0;
  lines_sent_ = replies_ = 0;
  is_out_of_step_ = is_silence_told_ = false;
}

bool exec::is_answered() const {
  return std::all_of(sent_.begin(), sent_.end(),
                     [](const sent& each) { return each.of->answer.has_value(); });
}

// The id after the last one when all are answered.
std::uint64_t exec::oldest_open() const {
  const auto open =
      std::find_if(sent_.begin(), sent_.end(), [](const sent& each) { return !each.of->answer; });
  return first_id_ + static_cast<std::uint64_t>(open - sent_.begin());
}

void exec::say(const std::string& text) const {
  std::fprintf(stderr, "exec: command '%s' (pool %s, replica %u, pid %d) %s\n",
               argv_.front().c_str(), pool_.c_str(), replica_, child_->pid(), text.c_str());
}

worker_entry make_exec_entry() {
  worker_entry entry;
  entry.name = "exec";
  entry.role = worker_role::transform;
  entry.input = entry.output = [] { return pipeline::message_type{"string", 0}; };
  entry.make = [](const worker_config& config) -> std::unique_ptr<pipeline::any_worker> {
    return std::make_unique<exec>(config);
  };
  return entry;
}

} // namespace troupe::actors
