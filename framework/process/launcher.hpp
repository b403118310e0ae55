// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/os/fd.hpp"
#include "troupe/os/surroundings.hpp"
#include "troupe/process/exit_status.hpp"
#include "troupe/process/function_address.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What becomes of what a child writes to stdout or stderr.
enum class output_mode {
  capture, ///< Read line by line and given to `process_observer::on_output`.
  inherit, ///< Goes where the host's goes.
  discard, ///< /dev/null.
};

enum class output_stream { out, err };

/// One resource limit; `resource` is RLIMIT_*.
struct resource_limit {
  int resource;
  std::uint64_t soft;
  std::uint64_t hard;
};

/// What every child has, whatever it runs.
struct process_options {
  std::string name{};                       ///< For logs and /proc: "pool/slot".
  std::map<std::string, std::string> env{}; ///< Put on top of the host's (or alone if `clear_env`).
  bool clear_env = false;
  std::string working_dir{}; ///< Empty: the host's.
  std::vector<resource_limit> limits{};
  output_mode out = output_mode::capture;
  output_mode err = output_mode::capture;
  /// What `env` is put on top of, where `working_dir` begins, and the umask; null: those of the
  /// zygote, which has them of the host as it was when the zygote was started.
  std::shared_ptr<const os::surroundings> surroundings{};
};

/// How a worker comes to be.
enum class start_method {
  zygote, ///< Forked from the prepared zygote. When the zygote has threads, executed all the same.
  spawn,  ///< The program is executed again for each worker, and runs its static constructors.
};

/// A process that runs a function of this program.
struct worker_request {
  process_options options{};
  /// Runs in the child; its return value is the exit code. `descriptors` are those of the request,
  /// in the same order.
  function_address<int(std::span<os::fd> descriptors, std::span<const std::byte> argument)> entry{};
  std::vector<const os::fd*> descriptors{}; ///< Borrowed until `start` returns; at most 8.
  std::vector<std::byte> argument{};        ///< At most `launch_argument_bytes_max`.
  start_method method = start_method::zygote;
};

inline constexpr std::size_t launch_argument_bytes_max = 64 * 1024;

/// Any executable, run by exec from the zygote.
struct command_request {
  process_options options{};
  std::vector<std::string> argv{}; ///< argv[0] is looked up in PATH when it has no slash.
  os::fd in{};                     ///< Becomes stdin; empty: /dev/null.
  os::fd out{};                    ///< Becomes stdout and overrides `options.out`.
};

/// Whom a signal is meant for. What is left of a child's group when the child has ended is killed
/// at once, unless the last signal to the group has given it time: then the child's exit is told
/// when nothing is left of the group, or after a later signal that gives no time.
enum class signal_scope {
  process,
  group,
  group_with_time, ///< The group, which has time to end.
  rest_with_time,  ///< What is left of the group when the child has ended; it has time to end.
};

/// A running child, as its owner holds it. Kept alive by the launcher until the exit was told.
///
/// Lives in: host. Threads: any. Blocks: never. Crash (of the child): `signal` does nothing.
/// Errors: a signal to a process that is gone is no error; a forked copy of the host signals
/// nobody.
class child_process {
public:
  virtual ~child_process() = default;
  [[nodiscard]] virtual int pid() const noexcept = 0;
  /// Sends `signal` through the pidfd, or to its process group.
  virtual void signal(int signal, signal_scope scope) noexcept = 0;
};

/// Hears about one child, in this order: one of `on_started` / `on_start_failed`; any number of
/// `on_output`; after `on_started` exactly one `on_exited`.
///
/// Lives in: host. Threads: called on the reactor thread. Blocks: must not.
/// Crash (of the child): told by `on_exited`. Errors: an exception is printed and lost.
class process_observer {
public:
  virtual ~process_observer() = default;
  /// The process exists (a command: exec succeeded).
  virtual void on_started(std::shared_ptr<child_process> child) = 0;
  /// It never ran: errno, path and name are in the text. Nothing follows.
  virtual void on_start_failed(const failure& cause) = 0;
  /// It is gone, all its threads too, and so is its group; its memory is final. Nothing follows.
  virtual void on_exited(const exit_record& record) = 0;
  /// One line without its end, at most `output_line_bytes_max`; `line` is valid during the call.
  virtual void on_output(output_stream stream, std::string_view line) = 0;
};

inline constexpr std::size_t output_line_bytes_max = 16 * 1024;

/// `os_error` of a start that has failed because the zygote died, or was killed before it was
/// ready: no fault of what was to be started, and the next zygote may do it.
inline constexpr int zygote_loss_error = EOWNERDEAD;

/// Starts children through the zygote and tells their ends, each exactly once.
///
/// Starts the zygote at the first request and again whenever it has died; children that went with
/// it are reported as exited (SIGKILL, `went_with_zygote`), those that were being
/// started as failed (`zygote_loss_error`; without it where Troupe itself has given up a zygote
/// that was stopped or silent). What waited for it waits for the next one.
///
/// Lives in: host. Threads: any; observers are called on the reactor thread. Blocks: never.
/// Crash (of the host): every child and grandchild is gone within 2 s.
/// Errors: a request that cannot be sent ends in `on_start_failed`; in a forked copy of the host,
/// `start` throws forked_copy.
class launcher {
public:
  virtual ~launcher() = default;
  virtual void start(worker_request request, std::shared_ptr<process_observer> observer) = 0;
  virtual void start(command_request request, std::shared_ptr<process_observer> observer) = 0;
};

} // namespace troupe
