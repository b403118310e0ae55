// Part of Troupe; see LICENSE.

#include "troupe/base/error.hpp"

#include <system_error>

namespace troupe {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::timed_out:
    return "timed out";
  case errc::closed:
    return "closed";
  case errc::end_of_stream:
    return "end of stream";
  case errc::would_block:
    return "would block";
  case errc::cancelled:
    return "cancelled";
  case errc::too_large:
    return "too large";
  case errc::bad_data:
    return "bad data";
  case errc::bad_argument:
    return "bad argument";
  case errc::not_initialised:
    return "not initialised";
  case errc::start_failed:
    return "start failed";
  case errc::worker_lost:
    return "worker lost";
  case errc::time_limit:
    return "time limit exceeded";
  case errc::task_failed:
    return "task failed";
  case errc::broken:
    return "broken";
  case errc::unsupported:
    return "unsupported";
  case errc::forked_copy:
    return "forked copy";
  case errc::system:
    return "system error";
  }
  return "unknown error";
}

failure system_failure(std::string_view what, int os_error) {
  const auto reason = std::generic_category().message(os_error);
  return failure{
      .code = errc::system, .message = std::string{what} + ": " + reason, .os_error = os_error};
}

failure with_context(failure inner, std::string_view context) {
  inner.message = std::string{context} + ": " + inner.message;
  return inner;
}

std::string to_string(const failure& value) {
  return std::string{to_string(value.code)} + ": " + value.message;
}

void raise(const failure& cause) {
  switch (cause.code) {
  case errc::bad_argument:
    throw std::invalid_argument{cause.message};
  case errc::timed_out:
    throw timeout_error{cause.message};
  case errc::time_limit:
    throw task_timeout_error{cause.message};
  case errc::closed:
    throw closed_error{cause.message};
  case errc::cancelled:
    throw cancelled_error{cause.message};
  case errc::forked_copy:
    throw forked_copy{cause.message};
  case errc::system:
    throw std::system_error{cause.os_error, std::generic_category(), cause.message};
  default:
    throw error{cause};
  }
}

} // namespace troupe
