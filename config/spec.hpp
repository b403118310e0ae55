// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/config/location.hpp"
#include "troupe/process/child_spec.hpp"
#include "troupe/process/launcher.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A configuration that was read and found right: plain data, every default filled in, every
/// reference checked, every `${X}` expanded but `${TROUPE_...}` (see variables.hpp).
namespace troupe::config {

/// What a producer meets when a channel is full (`when_full`).
enum class full_policy : std::uint8_t { block, drop_newest, drop_oldest, reject };

/// What becomes of a message whose worker dies (`delivery`).
enum class delivery_mode : std::uint8_t { at_most_once, at_least_once };

/// Which order the outputs of a pool have (`order`).
enum class order_mode : std::uint8_t { any, preserve };

/// What a source does about what it cannot read (`on_error`).
enum class error_rule : std::uint8_t { stop, skip };

enum class pool_kind : std::uint8_t { worker, command, shell, builtin };

/// What a pool does with channels; a builtin has a fixed one.
enum class builtin_role : std::uint8_t { source, transform, aggregate, sink };

enum class protocol_mode : std::uint8_t {
  stream,        ///< Lines in, lines out, no acknowledgement.
  request_reply, ///< One line out for each line in, in order.
  envelope,      ///< JSON objects with an id, any order.
};

enum class codec_kind : std::uint8_t { string, json };

std::string_view to_string(full_policy value) noexcept;
std::string_view to_string(delivery_mode value) noexcept;
std::string_view to_string(order_mode value) noexcept;
std::string_view to_string(error_rule value) noexcept;
std::string_view to_string(pool_kind value) noexcept;
std::string_view to_string(builtin_role value) noexcept;
std::string_view to_string(protocol_mode value) noexcept;
std::string_view to_string(codec_kind value) noexcept;

/// A bounded path between pools (`channels.NAME`).
struct channel_spec {
  std::string name;
  location at;                   ///< Of its name.
  std::string type = "bytes";    ///< `bytes`, `string`, `json` or a registered C++ type.
  std::uint64_t capacity = 1024; ///< Messages.
  std::uint64_t max_bytes = 64ULL << 20;
  std::uint64_t max_message_bytes = 1ULL << 20;
  full_policy when_full = full_policy::block;
  delivery_mode delivery = delivery_mode::at_least_once;
  bool external = false; ///< One of its ends may be no pool.
};

/// A channel as a pool names it.
struct channel_ref {
  std::string name;
  location at;
};

struct retry_spec {
  std::uint32_t max_attempts = 3;
  backoff_spec backoff{.max = std::chrono::seconds{10}};
};

/// How often an aggregation hands its state to the host: after so many messages or this long,
/// whatever comes first.
struct checkpoint_spec {
  std::uint64_t messages = 1000;
  duration period = std::chrono::milliseconds{100};
};

/// How a command speaks on stdin and stdout. Framing is always lines in this build.
struct protocol_spec {
  protocol_mode mode = protocol_mode::envelope;
  codec_kind input_codec = codec_kind::json;  ///< Of what it reads; follows the channel's type.
  codec_kind output_codec = codec_kind::json; ///< Of what it writes.
};

/// One entry of `limits:`.
struct limit_spec {
  std::string name; ///< As in YAML: `nofile`.
  resource_limit value;
  location at;
};

/// A file or folder as the configuration names it, made relative to the configuration's folder.
struct path_ref {
  std::string path;
  location at;
};

/// A set of equal workers (`pools.NAME`).
struct pool_spec {
  std::string name;
  location at; ///< Of its name.
  std::string description;
  bool enabled = true;

  pool_kind kind = pool_kind::worker;
  std::string worker;               ///< Name given to TROUPE_WORKER, when `kind` is worker.
  std::optional<path_ref> module;   ///< Shared library that holds the worker.
  std::vector<std::string> command; ///< argv, when `kind` is command.
  std::string shell;                ///< Text for `/bin/sh -c`, when `kind` is shell.
  std::string builtin;              ///< Name from `known_builtins`, when `kind` is builtin.
  builtin_role role = builtin_role::transform; ///< Of the builtin.
  bool is_in_host = false;                     ///< A builtin without a process of its own.
  std::vector<std::string> args;               ///< Appended to `command`, or given to the worker.
  /// For a builtin: its settings, every duration as integer nanoseconds, every size as bytes.
  /// For a worker or command: `config:` as written.
  std::string config_json = "{}";
  std::string config_yaml = "{}"; ///< The same as one line of YAML, units kept.

  std::optional<std::uint32_t> replicas = 1; ///< Absent: `auto`.
  std::vector<channel_ref> inputs;
  std::vector<channel_ref> outputs; ///< More than one: each gets every message.
  order_mode order = order_mode::any;
  std::uint32_t max_in_flight = 1; ///< Messages that one worker holds.
  std::optional<duration> message_timeout;
  retry_spec retry;
  std::optional<channel_ref> dead_letter;
  error_rule on_error = error_rule::stop;
  checkpoint_spec checkpoint;
  protocol_spec protocol; ///< Of a command or shell that has a channel.

  restart_spec restart;
  start_spec start;
  stop_spec stop;
  recycle_spec recycle;

  std::map<std::string, std::string> env;
  std::vector<path_ref> env_files;
  bool clear_env = false;
  std::optional<path_ref> working_dir; ///< Absent: the folder of the configuration.
  std::vector<limit_spec> limits;
  output_mode log_stdout = output_mode::capture; ///< `prefix` is capture, `null` is discard.
  output_mode log_stderr = output_mode::capture;

  /// Where each key of this pool stands, by its path inside the pool: `command`, `stop.timeout`;
  /// below `config`, elements of lists, too: `config.names.0`.
  std::map<std::string, location> positions;
};

/// The control socket (`control:`).
struct control_spec {
  std::optional<bool> enabled; ///< Absent: on in the command; when embedded, if `socket` is given.
  std::optional<path_ref> socket;
  std::uint32_t mode = 0600;
};

struct troupe_spec {
  std::uint32_t version = 1;
  std::string name;
  std::string description;
  std::string file;                        ///< As it was given; `stdin_name` for stdin.
  std::string directory;                   ///< What relative paths are relative to; may be empty.
  std::shared_ptr<const std::string> text; ///< The file's text, for excerpts of later errors.

  std::map<std::string, std::string> vars; ///< With the values that count.
  std::map<std::string, std::string> env;
  std::vector<path_ref> env_files;
  std::vector<channel_spec> channels; ///< In file order.
  std::vector<pool_spec> pools;       ///< In file order.
  control_spec control;
  duration shutdown_timeout = std::chrono::seconds{60};
};

/// Returns the channel or pool called `name`, or null.
const channel_spec* find_channel(const troupe_spec& spec, std::string_view name) noexcept;
const pool_spec* find_pool(const troupe_spec& spec, std::string_view name) noexcept;

/// Where `key` of `pool` stands; the pool's name when it is not in the file.
location position_of(const pool_spec& pool, std::string_view key);

} // namespace troupe::config
