// Part of Troupe; see LICENSE.

#include "troupe/cli/progress.hpp"

#include <algorithm>
#include <cstdio>

namespace troupe::cli {

namespace {

constexpr std::int64_t window_ms = 5000;
constexpr std::size_t bar_columns_min = 10;
constexpr std::size_t bar_columns_max = 40;

std::string formatted(const char* format, double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, format, value, unit);
  return text;
}

bool names(const std::vector<config::channel_ref>& list, const std::string& channel) {
  return std::any_of(list.begin(), list.end(),
                     [&](const config::channel_ref& one) { return one.name == channel; });
}

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string ready_slots(const control::pool_view& service) {
  const auto ready = std::count_if(service.slots.begin(), service.slots.end(),
                                   [](const control::slot_view& slot) { return slot.is_ready; });
  return std::to_string(ready) + "/" + std::to_string(service.replicas) + " ready";
}

} // namespace

std::string short_count(double value) {
  if (value < 9999.5) return formatted("%.0f%s", value, "");
  if (value < 999'950) return formatted("%.1f%s", value / 1000, "k");
  if (value < 999'950'000) return formatted("%.1f%s", value / 1'000'000, "M");
  return formatted("%.1f%s", value / 1'000'000'000, "G");
}

std::string short_time(std::int64_t ms) {
  if (ms < 10'000) return formatted("%.1f%s", static_cast<double>(ms) / 1000, "s");
  const auto seconds = ms / 1000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  char text[64];
  if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%dm%02ds", static_cast<int>(seconds / 60),
                  static_cast<int>(seconds % 60));
  } else {
    std::snprintf(text, sizeof text, "%ldh%02dm", static_cast<long>(seconds / 3600),
                  static_cast<int>(seconds / 60 % 60));
  }
  return text;
}

progress::progress(const config::troupe_spec& spec) {
  for (const auto& pool : spec.pools) {
    if (!pool.enabled || pool.inputs.empty()) continue;
    stage made{.name = pool.name, .producers = {}, .dead_letter_producers = {}};
    for (const auto& input : pool.inputs) {
      for (const auto& other : spec.pools) {
        if (!other.enabled) continue;
        if (names(other.outputs, input.name)) made.producers.push_back(other.name);
        if (other.dead_letter && other.dead_letter->name == input.name) {
          made.dead_letter_producers.push_back(other.name);
        }
      }
    }
    stages_.push_back(std::move(made));
  }
  // Consumers behind their producers; the loader lets no circle pass. Few pools, so simply.
  const auto waits_for = [](const stage& one, const stage& other) {
    return std::count(one.producers.begin(), one.producers.end(), other.name) +
               std::count(one.dead_letter_producers.begin(), one.dead_letter_producers.end(),
                          other.name) >
           0;
  };
  std::vector<stage> sorted;
  while (!stages_.empty()) {
    auto next = std::find_if(stages_.begin(), stages_.end(), [&](const stage& one) {
      return std::none_of(stages_.begin(), stages_.end(),
                          [&](const stage& other) { return waits_for(one, other); });
    });
    if (next == stages_.end()) next = stages_.begin();
    sorted.push_back(std::move(*next));
    stages_.erase(next);
  }
  stages_ = std::move(sorted);
}

void progress::note(control::troupe_view view) {
  view_ = std::move(view);
  const auto* const focus = find_focus();
  if (focus != focus_) samples_.clear();
  focus_ = focus;
  if (focus_ == nullptr) return;
  const auto* const pool = find(focus_->name);
  samples_.push_back({view_.elapsed_ms, pool->messages.done + pool->messages.dead_letters});
  while (samples_.size() > 2 && samples_.front().elapsed_ms + window_ms < view_.elapsed_ms) {
    samples_.pop_front();
  }
}

const control::pool_view* progress::find(const std::string& name) const {
  for (const auto& pool : view_.pools) {
    if (pool.name == name) return &pool;
  }
  return nullptr;
}

const progress::stage* progress::find_focus() const {
  for (const auto& one : stages_) {
    const auto* const pool = find(one.name);
    if (pool != nullptr && !pool->is_finished) return &one;
  }
  return nullptr;
}

std::optional<std::uint64_t> progress::total_of(const stage& of) const {
  std::uint64_t total = 0;
  for (const auto& name : of.producers) {
    const auto* const pool = find(name);
    if (pool == nullptr || !pool->is_finished) return std::nullopt;
    total += pool->messages.out;
  }
  for (const auto& name : of.dead_letter_producers) {
    const auto* const pool = find(name);
    if (pool == nullptr || !pool->is_finished) return std::nullopt;
    total += pool->messages.dead_letters - pool->messages.dropped;
  }
  return total;
}

double progress::rate() const {
  if (samples_.size() < 2) return 0;
  const auto ms = samples_.back().elapsed_ms - samples_.front().elapsed_ms;
  if (ms <= 0) return 0;
  const auto done = samples_.back().done - samples_.front().done;
  return static_cast<double>(done) * 1000 / static_cast<double>(ms);
}

std::string progress::counts(std::string_view separator) const {
  std::string out;
  for (const auto& pool : view_.pools) {
    if (!out.empty()) out += separator;
    out += pool.name + " ";
    if (pool.role == "service") {
      out += ready_slots(pool);
    } else {
      const bool is_source = pool.role == "source";
      out += std::to_string(is_source ? pool.messages.out : pool.messages.done);
    }
  }
  return out;
}

std::string progress::troubles() const {
  std::uint64_t restarts = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t lost = 0;
  for (const auto& pool : view_.pools) {
    restarts += pool.restarts;
    dead_letters += pool.messages.dead_letters;
    lost += pool.messages.lost;
  }
  std::uint64_t dropped = 0;
  for (const auto& channel : view_.channels) dropped += channel.dropped;
  std::string out;
  if (view_.kills > 0) out += ", " + counted(view_.kills, "kill");
  if (restarts > 0) out += ", " + counted(restarts, "restart");
  if (dead_letters > 0) out += ", " + counted(dead_letters, "dead letter");
  if (dropped > 0) out += ", " + std::to_string(dropped) + " dropped";
  if (lost > 0) out += ", " + std::to_string(lost) + " lost";
  return out;
}

// "hash [=====>    ] 62% 11800/19000, 1.2k/s, 6.0s left" in at most `room` columns: what does not
// fit is left out. Empty while the total is not known, and where not even the shortest fits.
std::string progress::bar(std::size_t room) const {
  if (focus_ == nullptr || samples_.empty()) return {};
  const auto total = total_of(*focus_);
  if (!total || *total == 0) return {};
  const auto done = std::min(samples_.back().done, *total);
  const auto share = static_cast<double>(done) / static_cast<double>(*total);
  const auto counted = std::to_string(static_cast<int>(share * 100)) + "% " + std::to_string(done) +
                       "/" + std::to_string(*total);
  std::string speed;
  std::string left;
  if (const auto per_second = rate(); per_second > 0) {
    const auto rest = static_cast<double>(*total - done) * 1000 / per_second;
    speed = ", " + short_count(per_second) + "/s";
    left = ", " + short_time(static_cast<std::int64_t>(rest)) + " left";
  }
  const auto before = view_.name + ": " + focus_->name + " [";
  const auto least = before.size() + bar_columns_min + 2;
  for (const auto& after : {counted + speed + left + troubles(), counted + left + troubles(),
                            counted + troubles(), counted}) {
    if (least + after.size() > room) continue;
    const auto width = std::min(room - before.size() - 2 - after.size(), bar_columns_max);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    std::string drawn(filled, '=');
    if (filled < width) drawn += '>';
    drawn.resize(width, ' ');
    return before + drawn + "] " + after;
  }
  return {};
}

std::string progress::line(std::size_t columns) const {
  // The last column stays free: some terminals would begin a new line.
  const auto width = columns > 0 ? columns - 1 : 0;
  const std::string stopping = view_.state == "stopping" ? " (stopping)" : "";
  const auto room = width > stopping.size() ? width - stopping.size() : 0;
  auto out = bar(room);
  if (out.empty()) {
    out = view_.name + ": " + counts(" > ");
    const auto per_second = rate();
    const auto speed = per_second > 0 ? ", " + short_count(per_second) + "/s" : std::string{};
    for (const auto& more : {speed, ", " + short_time(view_.elapsed_ms) + troubles()}) {
      if (out.size() + more.size() <= room) out += more;
    }
  }
  out += stopping;
  constexpr std::string_view cut = "...";
  if (out.size() <= width) return out;
  out.resize(width);
  if (width >= cut.size()) out.replace(width - cut.size(), cut.size(), cut);
  return out;
}

std::string progress::plain_line() const {
  auto out = short_time(view_.elapsed_ms) + ": " + counts(", ");
  if (const auto speed = rate(); speed > 0) out += ", " + short_count(speed) + "/s";
  return out + troubles();
}

} // namespace troupe::cli
