// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a running troupe tells about itself over its control socket. Plain data and its JSON.
namespace troupe::control {

/// How the worker before the present one ended. `reason` is one of:
///   exit, signal     it ended by itself, or somebody outside killed it
///   unknown          nobody could read how
///   start_failed     there never was a process
///   start_timeout    not ready within start.timeout
///   message_timeout  a message took longer than message_timeout
///   protocol_error   it wrote what makes no sense
///   corrupt_answer   the memory it shares with the host makes no sense
///   unresponsive     it did not take the work it was given
///   max_messages, max_age, max_memory, recycled   it was replaced
///   chaos            killed by --chaos
///   stopped          it was to stop
struct exit_view {
  std::optional<int> code;
  std::string signal; ///< "KILL"; empty: it was none.
  std::string reason;
};

/// One place for a worker.
struct slot_view {
  std::uint32_t replica = 0;
  std::string state; ///< stopped starting ready backoff stopping completed failed
  bool is_ready = false;
  int pid = 0;                  ///< 0: no process.
  std::uint64_t generation = 0; ///< Workers that filled the slot before.
  std::uint64_t restarts = 0;   ///< Counted ones.
  std::int64_t since_ms = 0;    ///< How long it is in this state.
  std::optional<exit_view> exit{};
};

/// What became of the messages of a pool.
struct message_counts {
  std::uint64_t in = 0;
  std::uint64_t done = 0;
  std::uint64_t out = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t retries = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t workers_lost = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t surplus_lines = 0; ///< Put in doubt which reply belongs to which message.
  std::uint64_t dead_letters = 0;
  std::uint64_t dropped = 0; ///< Dead letters that were not kept.
  std::uint64_t lost = 0;    ///< Gone, or perhaps gone, with a dead command or at the stop.
};

struct pool_view {
  std::string name;
  std::string role; ///< source, transform, aggregation, sink or service; "" when not known yet.
  std::uint32_t replicas = 0;
  std::uint64_t restarts = 0;
  bool is_finished = false; ///< A stage that has worked off all there was.
  message_counts messages;  ///< Zero for a service.
  std::vector<slot_view> slots;
};

struct channel_view {
  std::string name;
  std::string when_full; ///< block, drop_newest, drop_oldest or reject
  std::uint64_t capacity = 0;
  std::uint64_t depth = 0; ///< Messages inside.
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t dropped = 0;  ///< Because there was no room.
  std::uint64_t rejected = 0; ///< Refused for the same reason; the producer tries again.
};

struct troupe_view {
  std::string name;
  std::string file;
  int pid = 0;
  std::string state; ///< running, stopping, finished, stopped or failed
  std::int64_t elapsed_ms = 0;
  std::uint64_t kills = 0; ///< Ordered by --chaos.
  std::vector<pool_view> pools{};
  std::vector<channel_view> channels{};
};

/// Everything is as the configuration wants it: each slot is known, and is ready or has rightly
/// ended.
[[nodiscard]] bool is_as_wanted(const pool_view& pool);
[[nodiscard]] bool is_as_wanted(const troupe_view& troupe);

[[nodiscard]] std::string to_json(const troupe_view& troupe);
/// Reads what `to_json` wrote; unknown members are skipped, so that versions may differ.
expected<troupe_view> troupe_from_json(std::string_view text);

} // namespace troupe::control
