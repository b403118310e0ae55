// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/launcher.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What the host and its zygote say to each other: one message per packet of a `unix_socket`.
namespace troupe::detail {

inline constexpr std::uint32_t zygote_protocol_version = 3;
inline constexpr auto zygote_role_variable = "TROUPE_ZYGOTE_FD";
/// As that, in a program that was executed to be one worker or command of a zygote.
inline constexpr auto worker_role_variable = "TROUPE_WORKER_FD";
/// Longest message; the argument plus names, environment and argv. Half a default socket buffer.
inline constexpr std::size_t zygote_message_bytes_max = 100 * 1024;
inline constexpr std::size_t worker_descriptors_max = 8;

enum class zygote_message : std::uint8_t {
  hello,
  start,
  signal_group,
  ping,
  shutdown,
  started,
  failed,
  pong,
  exited
};
enum class child_kind : std::uint8_t { worker, command };

/// Where a module lies in the zygote and in everything it forks, or in one that it executes.
struct module_place {
  std::uint64_t base = 0;
  std::uint64_t end = 0;
  std::string path; ///< Empty: the program.
};
/// Longest list of modules, packed.
inline constexpr std::size_t module_bytes_max = zygote_message_bytes_max / 2;

/// Host to zygote: start a child. Its descriptors come in this order, each only if announced:
/// stdout, stderr, stdin, environment, working directory, the worker's own, its last words.
struct start_message {
  std::uint64_t id = 0;
  child_kind kind = child_kind::worker;
  start_method method = start_method::zygote;
  process_options options;
  bool has_out = false;
  bool has_err = false;
  bool has_in = false;
  bool has_environment = false;
  bool has_directory = false;
  bool has_last_words = false; ///< As `wants_report`, only from a zygote to a child it executes.
  bool wants_report = false;
  std::uint64_t environment_bytes = 0;
  std::uint64_t environment_hash = 0;
  std::optional<unsigned> file_mode_mask;
  std::uint8_t descriptor_count = 0;
  code_address entry;
  std::vector<std::byte> entry_home; ///< A `known_library` that holds `entry`; empty: the program.
  std::vector<std::byte> argument;
  std::vector<std::string> argv;

  [[nodiscard]] std::size_t descriptors_in_all() const {
    return std::size_t{has_out} + std::size_t{has_err} + std::size_t{has_in} +
           std::size_t{has_environment} + std::size_t{has_directory} + descriptor_count +
           std::size_t{has_last_words};
  }
};

/// Zygote to host, first of all.
struct hello_message {
  std::uint32_t version = zygote_protocol_version;
  std::int32_t pid = 0;
  std::uint32_t thread_count = 0;
  std::uint64_t program_identity = 0;
  std::vector<module_place> modules;
};

struct started_message { ///< Its pidfd comes along.
  std::uint64_t id = 0;
  std::int32_t pid = 0;
};

struct failed_message {
  std::uint64_t id = 0;
  std::int32_t os_error = 0;
  std::string text;
};

struct exited_message {
  std::uint64_t id = 0;
  bool is_status_known = true; ///< False: something else in the zygote has reaped it.
  std::int32_t wait_status = 0;
  std::int64_t user_time_us = 0;
  std::int64_t system_time_us = 0;
  std::int64_t rss_max_kib = 0;
  // Written by the child: not to be trusted.
  crash_data crash;
  std::vector<module_place> modules; ///< Its own, only of a crash; empty: those of the zygote.
};

struct signal_group_message {
  std::uint64_t id = 0;
  std::int32_t signal = 0;
  signal_scope scope = signal_scope::group; ///< Never `process`: that needs no zygote.
};

std::vector<std::byte> encode(const start_message& message);
std::vector<std::byte> encode(const hello_message& message);
std::vector<std::byte> encode(const started_message& message);
std::vector<std::byte> encode(const failed_message& message);
std::vector<std::byte> encode(const exited_message& message);
std::vector<std::byte> encode(const signal_group_message& message);
std::vector<std::byte> encode_shutdown();
/// Asks for `pong`, which comes after the ends of all children that were dead before.
std::vector<std::byte> encode_ping();
std::vector<std::byte> encode_pong();

/// Where the modules of this process lie: as many as fit.
std::vector<module_place> own_module_places();
std::vector<std::byte> encode(const std::vector<module_place>& modules);
expected<std::vector<module_place>> decode_modules(std::span<const std::byte> bytes);

/// The kind of a message; nothing when it is empty or unknown.
std::optional<zygote_message> kind_of(std::span<const std::byte> bytes);

/// Each fails with `bad_data` when the bytes are not exactly such a message.
expected<start_message> decode_start(std::span<const std::byte> bytes);
expected<hello_message> decode_hello(std::span<const std::byte> bytes);
expected<started_message> decode_started(std::span<const std::byte> bytes);
expected<failed_message> decode_failed(std::span<const std::byte> bytes);
expected<exited_message> decode_exited(std::span<const std::byte> bytes);
expected<signal_group_message> decode_signal_group(std::span<const std::byte> bytes);

} // namespace troupe::detail
