// Part of Troupe; see LICENSE.

#include "troupe/pipeline/engine.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {
namespace {

template<class List, class Name>
std::optional<std::size_t> find_named(const List& list, Name name_of, std::string_view name) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (name_of(list[i]) == name) return i;
  }
  return std::nullopt;
}

} // namespace

engine::engine(const graph& plan, pipeline_observer& observer) : observer_{&observer} {
  const auto& spec = plan.spec();
  for (std::size_t i = 0; i < spec.channels.size(); ++i) {
    auto& made = channels_.emplace_back(spec.channels[i]);
    is_open_outside_.push_back(spec.channels[i].is_external && plan.producers_of(i) == 0);
    if (is_open_outside_.back()) made.add_producer();
  }
  for (std::size_t i = 0; i < spec.stages.size(); ++i) {
    const auto& node = plan.nodes()[i];
    stage_channels ends;
    for (const auto index : node.inputs) ends.inputs.push_back(&channels_[index]);
    for (const auto index : node.outputs) ends.outputs.push_back(&channels_[index]);
    if (node.dead_letter) {
      ends.dead_letter = &channels_[*node.dead_letter];
      ends.is_dead_letter_read = plan.consumers_of(*node.dead_letter) > 0;
    }
    stages_.emplace_back(spec.stages[i], std::move(ends), observer);
  }
  order_.assign(plan.dataflow().rbegin(), plan.dataflow().rend());
}

std::optional<std::size_t> engine::find_stage(std::string_view name) const {
  return find_named(
      stages_, [](const stage& each) -> const auto& { return each.spec().name; }, name);
}

std::optional<std::size_t> engine::find_channel(std::string_view name) const {
  return find_named(
      channels_, [](const channel& each) -> const auto& { return each.spec().name; }, name);
}

// Consumers first: they make the room that their producers then fill.
void engine::pump(time_point now) {
  bool moved = true;
  while (moved && state_ == engine_state::running) {
    moved = false;
    for (const auto index : order_) {
      moved = stages_[index].advance(now) || moved;
    }
    notice_end();
  }
}

time_point engine::next_due() const {
  auto due = time_point::max();
  if (state_ != engine_state::running) return due;
  for (const auto& each : stages_) due = std::min(due, each.next_due());
  return due;
}

void engine::notice_end() {
  for (const auto& each : stages_) {
    if (each.failed()) return fail(*each.failed());
  }
  const bool is_done = std::all_of(stages_.begin(), stages_.end(),
                                   [](const stage& each) { return each.is_finished(); });
  if (!is_done) return;
  state_ = engine_state::finished;
  observer_->on_finished();
}

void engine::fail(failure cause) {
  if (state_ != engine_state::running) return;
  state_ = engine_state::failed;
  cause_ = std::move(cause);
  observer_->on_failed(*cause_);
}

void engine::abandon() {
  if (state_ != engine_state::running) return;
  state_ = engine_state::abandoned;
  for (auto& each : stages_) each.abandon_rest();
}

void engine::stop_producing() {
  for (auto& each : stages_) each.stop_producing();
  for (std::size_t i = 0; i < channels_.size(); ++i) close(i);
}

push_result engine::push(std::size_t index, bytes_view message) {
  auto& to = channels_.at(index);
  if (!is_open_outside_[index] || message.size() > to.spec().max_message_bytes) {
    return push_result::rejected;
  }
  return to.push(message);
}

void engine::close(std::size_t index) {
  if (!is_open_outside_.at(index)) return;
  is_open_outside_[index] = false;
  channels_[index].remove_producer();
}

std::vector<std::byte> engine::pop(std::size_t index, packed_size limit) {
  auto& from = channels_.at(index);
  std::vector<std::byte> block;
  if (!from.is_empty()) from.pop_to(block, from.peek(limit));
  return block;
}

} // namespace troupe::pipeline
