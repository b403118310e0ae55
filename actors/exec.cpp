// Part of Troupe; see LICENSE.

#include "troupe/actors/exec.hpp"

#include "troupe/base/text.hpp"

#include <cstdio>

namespace troupe::actors {
namespace {

// After so many lines that are no answer, the command is taken for broken and replaced.
constexpr std::uint32_t nonsense_max = 10;

} // namespace

exec::exec(const worker_config& config)
    : argv_{config.list("command")}, protocol_{make_command_protocol(config)},
      child_{std::make_unique<command_child>(argv_)} {}

void exec::transform_batch(pipeline::bytes_view block, std::uint32_t count,
                           pipeline::batch_report& report) {
  std::vector<std::string_view> messages;
  std::vector<std::size_t> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto message = pipeline::unpack(block);
    if (!message) break;
    all.push_back(messages.size());
    messages.emplace_back(reinterpret_cast<const char*>(message->data()), message->size());
  }
  answers found(messages.size());
  run(all, messages, found);
  // The command died: the others alone, to see which of them it cannot stand.
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!found[i] && messages.size() > 1) run({i}, messages, found);
    if (!found[i]) found[i] = command_answer{{}, last_end_, false};
    if (found[i]->error) {
      report.fail(*found[i]->error, found[i]->is_final);
      continue;
    }
    for (const auto& output : found[i]->outputs) report.out().emit(output);
    report.done();
  }
}

// Sends some of the messages, and collects answers until all are there or the command is gone.
void exec::run(const std::vector<std::size_t>& which, const std::vector<std::string_view>& messages,
               answers& into) {
  if (!child_) child_ = std::make_unique<command_child>(argv_);
  std::size_t open = 0;
  for (const auto i : which) {
    try {
      child_->send(protocol_->line_of(messages[i], i));
      ++open;
    } catch (const message_refused& problem) {
      into[i] = command_answer{{}, problem.what(), true};
    }
  }
  if (open == 0) return;
  const auto is_answered = [&] {
    for (const auto i : which) {
      if (!into[i]) return false;
    }
    return true;
  };
  std::size_t next = which.front();
  while (!is_answered()) {
    const bool is_last = child_->is_silent();
    if (!is_last) child_->exchange(true);
    take_lines(next, into);
    if (!is_last && nonsense_ < nonsense_max) continue;
    nonsense_ = 0;
    if (is_answered()) break;
    last_end_ = "command '" + argv_.front() + "' ended: " + to_string(child_->end());
    child_.reset();
    return;
  }
}

void exec::take_lines(std::size_t& next, answers& into) {
  while (const auto line = child_->next_line()) {
    while (next < into.size() && into[next]) ++next;
    command_answer answer;
    const auto id = protocol_->read(*line, next, answer);
    if (!id) continue;
    if (*id < into.size() && !into[*id]) {
      into[*id] = std::move(answer);
    } else {
      note_nonsense(*line);
    }
  }
}

void exec::note_nonsense(std::string_view line) {
  ++nonsense_;
  std::fprintf(stderr, "exec: this line of '%s' answers nothing: %s\n", argv_.front().c_str(),
               text::printable(line).c_str());
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
