// Part of Troupe; see LICENSE.

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe {

/// Why something could not be done. One closed list; each value says what the caller can do.
enum class errc {
  timed_out,       ///< The wait's deadline passed; try again or give up.
  closed,          ///< This end was closed by us; use it no more.
  end_of_stream,   ///< The other end is gone and everything was delivered; stop reading.
  would_block,     ///< Nothing there, or no room; try later.
  cancelled,       ///< Somebody withdrew it.
  too_large,       ///< Larger than a named limit; raise the limit or send less.
  bad_data,        ///< Bytes from outside break the format; do not trust the sender.
  bad_argument,    ///< The call itself is wrong; correct it.
  not_initialised, ///< `troupe::init` was not called first in main.
  start_failed,    ///< A process could not be started; the text says which and why.
  worker_lost,     ///< A worker died while it worked.
  time_limit,      ///< A task ran longer than its limit and was killed; raise it, or do less.
  task_failed,     ///< A task's function threw; the text is the message of its exception.
  broken,          ///< The pool gave up after its restart budget; the text says the cause.
  unsupported,     ///< The kernel or this build lacks it.
  forked_copy,     ///< It belongs to the process this one was forked from; use it there, or exec.
  system,          ///< The operating system refused; see `os_error`.
};

std::string_view to_string(errc code) noexcept;

/// One thing that went wrong, as a value: what kind, the errno if there was one, and a sentence
/// that says what happened, to what, and what to do.
struct failure {
  errc code = errc::system;
  std::string message;
  int os_error = 0;
};

/// Makes a failure from errno: "`what`: strerror text".
failure system_failure(std::string_view what, int os_error);

/// Puts "`context`: " before the message.
failure with_context(failure inner, std::string_view context);

std::string to_string(const failure& value);

/// Root of the exceptions that Troupe throws by itself.
class error : public std::runtime_error {
public:
  error(errc code, const std::string& message) : std::runtime_error{message}, code_{code} {}
  explicit error(const failure& cause) : error{cause.code, cause.message} {}

  [[nodiscard]] errc code() const noexcept { return code_; }

private:
  errc code_;
};

/// A wait reached its deadline. What was waited for goes on, and may be waited for again.
class timeout_error : public error {
public:
  explicit timeout_error(const std::string& message) : error{errc::timed_out, message} {}
};

/// A task ran longer than its time limit: it was killed, and its worker with it. Not a
/// `timeout_error`, which tells of a wait and leaves the task as it is.
class task_timeout_error : public error {
public:
  explicit task_timeout_error(const std::string& message) : error{errc::time_limit, message} {}
};

/// Something was used after it had been closed.
class closed_error : public error {
public:
  explicit closed_error(const std::string& message) : error{errc::closed, message} {}
};

/// A task was cancelled before a worker began it, or its pool was terminated.
class cancelled_error : public error {
public:
  explicit cancelled_error(const std::string& message) : error{errc::cancelled, message} {}
};

/// Something was asked for what its state does not allow: a future that is empty, a pool that was
/// moved from or joined before it was closed, a troupe that was not started. The program is wrong.
class invalid_state : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// A value could not be turned into bytes, or bytes into a value.
class serialization_error : public error {
public:
  explicit serialization_error(const std::string& message) : error{errc::bad_data, message} {}
};

/// Something was used in a forked copy of the process that made it: in a child after fork(), or
/// after daemon(). The workers and threads are those of that process.
class forked_copy : public error {
public:
  explicit forked_copy(const std::string& message) : error{errc::forked_copy, message} {}
};

/// Throws the exception that fits: `std::system_error` when errno is known, else `error`.
[[noreturn]] void raise(const failure& cause);

} // namespace troupe
