// Part of Troupe; see LICENSE.

#include "troupe/process/detail/output_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::detail {

namespace {

// For a writer that was told to leave everything: only a sink, or a write between our look and the
// kernel's, can hold it.
constexpr auto leave_wait_max = std::chrono::milliseconds{500};

constexpr std::array ways{output_way::out, output_way::err, output_way::sinks};

std::size_t place(output_way way) {
  return static_cast<std::size_t>(way);
}

struct record_head {
  sink_record::kind what;
  std::uint32_t name_bytes;
  std::uint64_t line_bytes;
};

std::uint64_t count_lines(output_way way, std::string_view bytes) {
  if (way != output_way::sinks) {
    return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  }
  std::uint64_t count = 0;
  for (; !bytes.empty(); ++count) bytes.remove_prefix(sink_record::decode(bytes).size_bytes);
  return count;
}

std::string log_record(output_way way, std::string_view line) {
  if (way == output_way::sinks) return sink_record::encode(sink_record::kind::log, {}, line);
  return sink_record{sink_record::kind::log, {}, line, 0}.text();
}

} // namespace

std::string sink_record::encode(kind what, std::string_view name, std::string_view line) {
  const record_head head{what, static_cast<std::uint32_t>(name.size()), line.size()};
  std::string out(sizeof head, '\0');
  std::memcpy(out.data(), &head, sizeof head);
  return out.append(name).append(line);
}

sink_record sink_record::decode(std::string_view bytes) {
  record_head head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  return {head.what, bytes.substr(sizeof head, head.name_bytes),
          bytes.substr(sizeof head + head.name_bytes, head.line_bytes),
          sizeof head + head.name_bytes + head.line_bytes};
}

std::string sink_record::text() const {
  auto out = what == kind::log ? std::string{"troupe: "} : "[" + std::string{name} + "] ";
  return out.append(line).append("\n");
}

output_queue::output_queue(output_sinks& sinks, output_limits limits, std::function<void()> on_room)
    : sinks_{sinks}, limits_{limits}, on_room_{std::move(on_room)},
      lanes_{output_lane{{limits.pause_bytes, limits.waiting_bytes_max, limits.stall}},
             output_lane{{limits.pause_bytes, limits.waiting_bytes_max, limits.stall}},
             output_lane{{limits.pause_bytes, limits.waiting_bytes_max, limits.stall}}} {}

bool output_queue::add(output_way way, std::string_view record, bool is_output) {
  const std::lock_guard lock{mutex_};
  const auto had_dropped = lane(way).dropped() > 0;
  const auto answer = lane(way).add(record, clock::now());
  if (answer != output_lane::answer::dropped || !had_dropped) wake();
  if (answer != output_lane::answer::pause || !is_output) return true;
  is_paused_ = true;
  return false;
}

void output_queue::wake() {
  if (std::exchange(is_polling_, false)) bell_.ring();
}

bool output_queue::is_paused() {
  const std::lock_guard lock{mutex_};
  const auto now = clock::now();
  is_paused_ = is_paused_ && !std::all_of(lanes_.begin(), lanes_.end(),
                                          [&](const auto& each) { return each.lets_go_on(now); });
  return is_paused_;
}

void output_queue::let_go_on(time_point now) {
  if (!is_paused_) return;
  for (const auto& each : lanes_) {
    if (!each.lets_go_on(now)) return;
  }
  is_paused_ = false;
  if (on_room_) on_room_();
}

bool output_queue::is_all_empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& each) { return each.is_empty(); });
}

// From then on nobody takes anything, should nothing change. Never, when all is empty.
time_point output_queue::all_stalled_at() const {
  if (is_all_empty()) return time_point::max();
  auto latest = time_point::min();
  for (const auto& each : lanes_) {
    if (!each.is_empty()) latest = std::max(latest, each.stalls_at());
  }
  return latest;
}

bool output_queue::flush(deadline limit) {
  std::unique_lock lock{mutex_};
  std::array<std::uint64_t, output_ways> targets{};
  for (const auto way : ways) targets[place(way)] = lane(way).added();
  for (;;) {
    auto gives_up_at = time_point::min(); // When every lane that is waited for has stalled.
    bool is_done = true;
    for (const auto way : ways) {
      if (lane(way).gone() >= targets[place(way)]) continue;
      is_done = false;
      gives_up_at = std::max(gives_up_at, lane(way).stalls_at());
    }
    if (is_done || has_ended_) return is_done;
    const auto until = std::min(gives_up_at, limit.when());
    if (clock::now() >= until) return false;
    changed_.wait_until(lock, until);
  }
}

bool output_queue::end() {
  std::unique_lock lock{mutex_};
  is_ending_ = true;
  wake();
  const auto limit = deadline::after(limits_.flush);
  while (!has_ended_ && !is_abandoned_) {
    const auto until = std::min(limit.when(), all_stalled_at());
    if (clock::now() >= until) {
      is_abandoned_ = true;
      wake();
    } else {
      changed_.wait_until(lock, until);
    }
  }
  changed_.wait_for(lock, leave_wait_max, [this] { return has_ended_; });
  on_room_ = nullptr;
  return has_ended_;
}

void output_queue::end_without_waiting() {
  const std::lock_guard lock{mutex_};
  is_ending_ = true;
  on_room_ = nullptr;
}

bool output_queue::refill(blocks& into) {
  const std::lock_guard lock{mutex_};
  tell_dropped(clock::now());
  for (const auto way : ways) {
    auto& left = into[place(way)];
    if (left.rest().empty() && lane(way).is_waiting()) left = {.bytes = lane(way).take()};
  }
  is_polling_ = true;
  return !is_abandoned_ && !(is_ending_ && is_all_empty());
}

time_point output_queue::next_tell() {
  const std::lock_guard lock{mutex_};
  const auto to = way_of_log();
  auto earliest = time_point::max();
  for (const auto way : ways) {
    if (way == to || lane(way).dropped() == 0) continue; // Told as soon as there is room again.
    earliest = std::min(earliest, told_at_[place(way)] + limits_.tell);
  }
  return earliest;
}

output_way output_queue::way_of_log() const {
  return sinks_.log.is_set() ? output_way::sinks : output_way::err;
}

// At once, then now and then. What is missing among our own lines, when there is room again, for
// that is where it is missing.
bool output_queue::is_time_to_tell(output_way way, output_way to, time_point now) {
  const auto& from = lane(way);
  if (from.dropped() == 0) return false;
  if (way == to) {
    return problems_[place(way)].empty() && from.lets_go_on(now) && !from.is_stalled(now);
  }
  const auto told_at = told_at_[place(way)];
  return told_at == time_point{} || now >= told_at + limits_.tell || is_ending_;
}

void output_queue::tell_dropped(time_point now) {
  const auto to = way_of_log();
  for (const auto way : ways) {
    if (!is_time_to_tell(way, to, now)) continue;
    const auto count = lane(way).take_dropped();
    const auto line = dropped_line(way, count);
    told_at_[place(way)] = now;
    if (lane(to).add(log_record(to, line), now) != output_lane::answer::dropped) continue;
    // No room for the note either: it is told later, with what will be missing until then.
    (void)lane(to).take_dropped();
    lane(way).add_dropped(count);
  }
}

std::string output_queue::dropped_line(output_way way, std::uint64_t count) const {
  auto out = std::to_string(count) + (count == 1 ? " line" : " lines") + " dropped: ";
  if (way == output_way::sinks) return out + "the sink for them is too slow";
  const std::string stream = way == output_way::out ? "stdout" : "stderr";
  const auto& problem = problems_[place(way)];
  return out + (problem.empty() ? "nobody reads " + stream
                                : "cannot write to " + stream + ": " + problem);
}

void output_queue::note_arrived(output_way way, std::size_t bytes) {
  {
    const std::lock_guard lock{mutex_};
    const auto now = clock::now();
    lane(way).note_arrived(bytes, now);
    problems_[place(way)].clear();
    let_go_on(now);
  }
  changed_.notify_all();
}

void output_queue::note_lost(output_way way, std::string_view rest, std::string why) {
  {
    const std::lock_guard lock{mutex_};
    const auto now = clock::now();
    lane(way).note_lost(count_lines(way, rest), now);
    problems_[place(way)] = std::move(why);
    let_go_on(now);
  }
  changed_.notify_all();
}

void output_queue::log(output_way way, std::string_view line) {
  (void)add(way, log_record(way, line), false);
}

void output_queue::note_ended() {
  {
    const std::lock_guard lock{mutex_};
    has_ended_ = true;
  }
  changed_.notify_all();
}

std::string output_queue::last_words(const blocks& rest) {
  const std::lock_guard lock{mutex_};
  std::string out;
  for (const auto way : ways) {
    const auto count = lane(way).take_dropped() + count_lines(way, rest[place(way)].rest()) +
                       count_lines(way, lane(way).take());
    if (count > 0) out += "troupe: " + dropped_line(way, count) + "\n";
  }
  return out;
}

} // namespace troupe::detail
