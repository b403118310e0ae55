// Part of Troupe; see LICENSE.

#include "troupe/runtime/view.hpp"

#include "troupe/os/this_process.hpp"

namespace troupe {

namespace {

control::exit_view exit_of(const slot_status& slot) {
  const auto& status = slot.last_exit.status;
  control::exit_view out;
  out.code = status.code();
  if (const auto signal = status.signal()) out.signal = signal_name(*signal);
  if (slot.last_reason != end_reason::by_itself) {
    out.reason = to_string(slot.last_reason);
  } else if (out.code) {
    out.reason = "exit";
  } else {
    out.reason = out.signal.empty() ? "unknown" : "signal";
  }
  return out;
}

control::slot_view slot_of(const slot_status& slot, int pid, time_point now) {
  control::slot_view out;
  out.replica = slot.slot.value;
  out.state = to_string(slot.state);
  out.is_ready = slot.state == slot_state::ready;
  const bool has_process =
      out.is_ready || slot.state == slot_state::starting || slot.state == slot_state::stopping;
  out.pid = has_process ? pid : 0;
  out.generation = slot.incarnation.value;
  out.restarts = slot.restarts;
  if (slot.since != time_point{}) {
    out.since_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - slot.since).count();
  }
  if (!slot.last_exit.name.empty()) out.exit = exit_of(slot);
  return out;
}

} // namespace

control::troupe_view view_of(troupe_host& host, const config::troupe_spec& spec,
                             time_point started) {
  const auto reports = host.report();
  const auto channels = host.channels();
  const auto now = clock::now();
  const auto result = host.result();
  control::troupe_view out;
  out.name = spec.name;
  out.file = spec.file;
  out.pid = os::this_process::pid();
  out.state = to_string(result.how);
  if (!result.has_ended) out.state = result.is_stopping ? "stopping" : "running";
  out.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - started).count();
  out.kills = host.kills();
  for (const auto& report : reports) out.pools.push_back(view_of(report, now));
  for (const auto& channel : channels) out.channels.push_back(view_of(channel));
  return out;
}

control::pool_view view_of(const pool_report& report, time_point now) {
  const auto& counts = report.stage.counters;
  control::pool_view out;
  out.name = report.stage.name;
  out.role = report.stage.role;
  out.replicas = report.stage.replicas;
  out.restarts = report.restarts + counts.command_restarts;
  out.is_finished = report.stage.is_finished;
  out.messages = {.in = counts.in,
                  .done = counts.done,
                  .out = counts.out,
                  .in_flight = counts.in_flight,
                  .retries = counts.retries,
                  .errors = counts.errors,
                  .timeouts = counts.timeouts,
                  .workers_lost = counts.workers_lost,
                  .protocol_errors = counts.protocol_errors,
                  .surplus_lines = counts.surplus,
                  .dead_letters = counts.dead_letters,
                  .dropped = counts.dropped,
                  .lost = counts.lost};
  for (const auto& slot : report.slots) {
    const auto index = slot.slot.value;
    const auto& pids = report.stage.pids;
    out.slots.push_back(slot_of(slot, index < pids.size() ? pids[index] : 0, now));
  }
  return out;
}

control::channel_view view_of(const channel_report& report) {
  return {.name = report.name,
          .when_full = std::string{to_string(report.policy)},
          .capacity = report.capacity,
          .depth = report.counters.depth,
          .in = report.counters.pushed,
          .out = report.counters.popped,
          .dropped = report.counters.dropped,
          .rejected = report.counters.rejected};
}

std::string to_string(run_result::ending ending) {
  switch (ending) {
  case run_result::ending::running:
    return "running";
  case run_result::ending::finished:
    return "finished";
  case run_result::ending::stopped:
    return "stopped";
  case run_result::ending::failed:
    return "failed";
  }
  return "?";
}

} // namespace troupe
