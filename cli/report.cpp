// Part of Troupe; see LICENSE.

#include "troupe/cli/report.hpp"

#include "troupe/base/text.hpp"
#include "troupe/cli/progress.hpp"
#include "troupe/cli/table.hpp"
#include "troupe/runtime/run_counts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::cli {

namespace {

using control::pool_view;
using control::troupe_view;

std::uint64_t given_up(const troupe_view& view) {
  std::uint64_t sum = 0;
  for (const auto& pool : view.pools) sum += pool.messages.dead_letters;
  return sum;
}

std::uint64_t dropped(const troupe_view& view) {
  std::uint64_t sum = 0;
  for (const auto& channel : view.channels) sum += channel.dropped;
  return sum;
}

double throughput_of(const run_outcome& outcome) {
  if (outcome.view.elapsed_ms <= 0) return 0;
  return static_cast<double>(outcome.finished_messages) * 1000 /
         static_cast<double>(outcome.view.elapsed_ms);
}

// A line for each channel that had no room for a message.
std::string channel_lines(const troupe_view& view) {
  std::string out;
  for (const auto& channel : view.channels) {
    if (channel.dropped + channel.rejected == 0) continue;
    out += "channel " + text::printable(channel.name) + ": ";
    if (channel.dropped > 0) out += std::to_string(channel.dropped) + " dropped";
    if (channel.dropped > 0 && channel.rejected > 0) out += ", ";
    if (channel.rejected > 0) out += std::to_string(channel.rejected) + " refused";
    out += " (when_full: " + text::printable(channel.when_full) + ", capacity " +
           std::to_string(channel.capacity) + ")\n";
  }
  return out;
}

bool has_pipeline(const troupe_view& view) {
  return std::any_of(view.pools.begin(), view.pools.end(),
                     [](const pool_view& pool) { return pool.role != "service"; });
}

// What no column has: a line for each pool in which something of this kind has happened.
std::string pool_lines(const troupe_view& view) {
  std::string out;
  for (const auto& pool : view.pools) {
    std::uint64_t in_slots = 0;
    for (const auto& slot : pool.slots) in_slots += slot.restarts;
    std::vector<std::string> words;
    if (pool.restarts > in_slots) {
      words.push_back(std::to_string(pool.restarts - in_slots) +
                      (pool.restarts - in_slots == 1 ? " restart" : " restarts") +
                      " of its command");
    }
    if (pool.messages.lost > 0) words.push_back(std::to_string(pool.messages.lost) + " lost");
    if (const auto surplus = pool.messages.surplus_lines; surplus > 0) {
      words.push_back(std::to_string(surplus) + (surplus == 1 ? " line" : " lines") +
                      " too many of its command");
    }
    if (words.empty()) continue;
    out += "pool '" + text::printable(pool.name) + "': " + text::join(words, ", ") + "\n";
  }
  return out;
}

std::vector<std::string> row_of(const pool_view& pool) {
  const auto& counts = pool.messages;
  const bool is_service = pool.role == "service";
  const auto number = [&](std::uint64_t value) {
    return is_service ? std::string{"-"} : std::to_string(value);
  };
  return {pool.name,
          pool.role.empty() ? "-" : pool.role,
          std::to_string(pool.replicas),
          pool.role == "source" ? "-" : number(counts.in),
          pool.role == "sink" ? "-" : number(counts.out),
          std::to_string(pool.restarts),
          number(counts.retries),
          number(counts.dead_letters),
          number(counts.errors)};
}

std::string words_for(const std::string& state) {
  if (state == "finished") return "done";
  return state; // "stopped", "failed"
}

std::string age(std::int64_t ms) {
  return short_time(ms);
}

std::string exit_text(const std::optional<control::exit_view>& exit) {
  if (!exit) return "-";
  const bool is_plain = exit->reason == "exit" || exit->reason == "signal";
  const auto why = is_plain || exit->reason.empty() ? std::string{} : " (" + exit->reason + ")";
  if (exit->code) return "exit " + std::to_string(*exit->code) + why;
  if (!exit->signal.empty()) return "signal " + exit->signal + why;
  return exit->reason;
}

} // namespace

std::string summary(const run_outcome& outcome) {
  const auto& view = outcome.view;
  std::vector<std::vector<std::string>> rows;
  for (const auto& pool : view.pools) rows.push_back(row_of(pool));
  auto out = make_table({{"pool"},
                         {"role"},
                         {"workers", true},
                         {"in", true},
                         {"out", true},
                         {"restarts", true},
                         {"retries", true},
                         {"dead letters", true},
                         {"errors", true}},
                        rows);
  out += pool_lines(view) + channel_lines(view);
  out += view.name + ": " + words_for(view.state) + " after " + short_time(view.elapsed_ms);
  if (has_pipeline(view)) {
    out += ", " + std::to_string(outcome.finished_messages) + " messages, " +
           short_count(throughput_of(outcome)) + "/s";
  }
  if (const auto count = dropped(view); count > 0) out += ", " + std::to_string(count) + " dropped";
  if (const auto lost = count_messages_lost_inside(view); lost > 0) {
    out += ", " + std::to_string(lost) + " lost";
  }
  if (const auto lost = given_up(view); lost > 0) out += ", " + std::to_string(lost) + " given up";
  if (outcome.has_chaos) out += ", " + std::to_string(view.kills) + " workers killed";
  return out + "\n";
}

std::string outcome_json(const run_outcome& outcome) {
  using json = nlohmann::ordered_json;
  const auto& view = outcome.view;
  json out{{"result", view.state}, {"exit_code", to_int(outcome.code)}, {"cause", nullptr}};
  if (outcome.cause) {
    out["cause"] = {{"code", std::string{to_string(outcome.cause->code)}},
                    {"message", outcome.cause->message}};
  }
  out["messages"] = outcome.finished_messages;
  out["messages_per_second"] = throughput_of(outcome);
  out["messages_lost"] = outcome.lost_messages;
  out["messages_dropped"] = dropped(view);
  out["surplus_lines"] = count_surplus_lines(view);
  out.update(json::parse(to_json(view)));
  out.erase("as_wanted"); // Nothing runs any more.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string status_table(const troupe_view& view) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& pool : view.pools) {
    for (const auto& slot : pool.slots) {
      const bool is_finished = pool.is_finished && slot.state == "stopped";
      // It came over a socket, and goes to a terminal.
      rows.push_back({text::printable(pool.name) + "/" + std::to_string(slot.replica),
                      is_finished ? "finished" : text::printable(slot.state),
                      slot.pid > 0 ? std::to_string(slot.pid) : "-", age(slot.since_ms),
                      std::to_string(slot.restarts), text::printable(exit_text(slot.exit))});
    }
  }
  auto out = text::printable(view.name) + " (pid " + std::to_string(view.pid) +
             "): " + text::printable(view.state) + " for " + age(view.elapsed_ms) + "\n";
  if (rows.empty()) return out;
  return out +
         make_table({{"worker"},
                     {"state"},
                     {"pid", true},
                     {"since", true},
                     {"restarts", true},
                     {"last exit"}},
                    rows) +
         pool_lines(view) + channel_lines(view);
}

} // namespace troupe::cli
