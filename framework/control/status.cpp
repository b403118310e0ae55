// Part of Troupe; see LICENSE.

#include "troupe/control/status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::control {

namespace {

using json = nlohmann::ordered_json;

json as_json(const std::optional<exit_view>& exit) {
  if (!exit) return nullptr;
  json out;
  out["code"] = exit->code ? json(*exit->code) : json(nullptr);
  out["signal"] = exit->signal.empty() ? json(nullptr) : json(exit->signal);
  out["reason"] = exit->reason;
  return out;
}

json as_json(const slot_view& slot) {
  return {{"replica", slot.replica},       {"state", slot.state},
          {"ready", slot.is_ready},        {"pid", slot.pid == 0 ? json(nullptr) : json(slot.pid)},
          {"generation", slot.generation}, {"restarts", slot.restarts},
          {"since_ms", slot.since_ms},     {"exit", as_json(slot.exit)}};
}

// One table for both directions.
template<class Counts, class F>
void for_each_count(Counts& counts, F&& f) {
  f("in", counts.in);
  f("done", counts.done);
  f("out", counts.out);
  f("in_flight", counts.in_flight);
  f("retries", counts.retries);
  f("errors", counts.errors);
  f("timeouts", counts.timeouts);
  f("workers_lost", counts.workers_lost);
  f("protocol_errors", counts.protocol_errors);
  f("surplus_lines", counts.surplus_lines);
  f("dead_letters", counts.dead_letters);
  f("dropped", counts.dropped);
  f("lost", counts.lost);
}

template<class Channel, class F>
void for_each_number(Channel& channel, F&& f) {
  f("capacity", channel.capacity);
  f("depth", channel.depth);
  f("in", channel.in);
  f("out", channel.out);
  f("dropped", channel.dropped);
  f("rejected", channel.rejected);
}

json as_json(const channel_view& channel) {
  json out{{"name", channel.name}, {"when_full", channel.when_full}};
  for_each_number(channel, [&](const char* key, auto value) { out[key] = value; });
  return out;
}

json as_json(const pool_view& pool) {
  json out{{"name", pool.name},
           {"role", pool.role},
           {"replicas", pool.replicas},
           {"restarts", pool.restarts},
           {"finished", pool.is_finished},
           {"as_wanted", is_as_wanted(pool)}};
  if (pool.role != "service") {
    json counts;
    for_each_count(pool.messages, [&](const char* key, auto value) { counts[key] = value; });
    out["messages"] = std::move(counts);
  }
  out["slots"] = json::array();
  for (const auto& slot : pool.slots) out["slots"].push_back(as_json(slot));
  return out;
}

template<class T>
void take(const json& from, const char* key, T& into) {
  const auto found = from.find(key);
  if (found != from.end() && !found->is_null()) found->get_to(into);
}

// Throws when the member is no list.
std::vector<json> list_of(const json& from, const char* key) {
  return from.value(key, json::array()).get<std::vector<json>>();
}

slot_view slot_from(const json& from) {
  slot_view out;
  take(from, "replica", out.replica);
  take(from, "state", out.state);
  take(from, "ready", out.is_ready);
  take(from, "pid", out.pid);
  take(from, "generation", out.generation);
  take(from, "restarts", out.restarts);
  take(from, "since_ms", out.since_ms);
  const auto found = from.find("exit");
  if (found == from.end() || found->is_null()) return out;
  auto& exit = out.exit.emplace();
  if (const auto code = found->find("code"); code != found->end() && !code->is_null()) {
    exit.code = code->get<int>();
  }
  take(*found, "signal", exit.signal);
  take(*found, "reason", exit.reason);
  return out;
}

pool_view pool_from(const json& from) {
  pool_view out;
  take(from, "name", out.name);
  take(from, "role", out.role);
  take(from, "replicas", out.replicas);
  take(from, "restarts", out.restarts);
  take(from, "finished", out.is_finished);
  if (const auto counts = from.find("messages"); counts != from.end()) {
    for_each_count(out.messages, [&](const char* key, auto& value) { take(*counts, key, value); });
  }
  for (const auto& slot : list_of(from, "slots")) out.slots.push_back(slot_from(slot));
  return out;
}

channel_view channel_from(const json& from) {
  channel_view out;
  take(from, "name", out.name);
  take(from, "when_full", out.when_full);
  for_each_number(out, [&](const char* key, auto& value) { take(from, key, value); });
  return out;
}

} // namespace

bool is_as_wanted(const pool_view& pool) {
  if (pool.is_finished) return true;
  if (pool.slots.size() != pool.replicas) return false; // Nobody could say how they are.
  return std::all_of(pool.slots.begin(), pool.slots.end(), [](const slot_view& slot) {
    return slot.is_ready || slot.state == "completed";
  });
}

bool is_as_wanted(const troupe_view& troupe) {
  if (troupe.pools.empty()) return false; // A host too busy to say what it has.
  return std::all_of(troupe.pools.begin(), troupe.pools.end(),
                     [](const pool_view& pool) { return is_as_wanted(pool); });
}

std::string to_json(const troupe_view& troupe) {
  json out{{"name", troupe.name},
           {"file", troupe.file},
           {"pid", troupe.pid},
           {"state", troupe.state},
           {"as_wanted", is_as_wanted(troupe)},
           {"elapsed_ms", troupe.elapsed_ms},
           {"kills", troupe.kills}};
  out["pools"] = json::array();
  for (const auto& pool : troupe.pools) out["pools"].push_back(as_json(pool));
  out["channels"] = json::array();
  for (const auto& channel : troupe.channels) out["channels"].push_back(as_json(channel));
  // A file name may hold any bytes.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

expected<troupe_view> troupe_from_json(std::string_view text) {
  try {
    const auto from = json::parse(text);
    troupe_view out;
    take(from, "name", out.name);
    take(from, "file", out.file);
    take(from, "pid", out.pid);
    take(from, "state", out.state);
    take(from, "elapsed_ms", out.elapsed_ms);
    take(from, "kills", out.kills);
    for (const auto& pool : list_of(from, "pools")) {
      out.pools.push_back(pool_from(pool));
    }
    for (const auto& channel : list_of(from, "channels")) {
      out.channels.push_back(channel_from(channel));
    }
    return out;
  } catch (const json::exception& e) {
    return failure{errc::bad_data, std::string{"the status makes no sense: "} + e.what()};
  }
}

} // namespace troupe::control
