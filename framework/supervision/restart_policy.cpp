// Part of Troupe; see LICENSE.

#include "troupe/supervision/restart_policy.hpp"

#include "troupe/base/shortage.hpp"
#include "troupe/process/launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe {
namespace {

constexpr std::uint64_t restarts_per_replica = 3;

std::uint32_t default_intensity(std::uint32_t replicas) noexcept {
  // One less than the largest number, which means unlimited.
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(restarts_per_replica * replicas, unlimited_restarts - 1));
}

/// Whether a core was written does not matter here, and an unknown exit is in no list.
bool is_in(const std::vector<exit_status>& list, exit_status status) {
  if (status.is_unknown()) return false;
  return std::any_of(list.begin(), list.end(), [&](exit_status entry) {
    return entry.code() == status.code() && entry.signal() == status.signal();
  });
}

} // namespace

std::string_view to_string(end_kind kind) noexcept {
  switch (kind) {
  case end_kind::exited:
    return "exit";
  case end_kind::start_failed:
    return "start_failed";
  case end_kind::start_timeout:
    return "start_timeout";
  }
  return "?";
}

std::string_view to_string(restart_verdict verdict) noexcept {
  switch (verdict) {
  case restart_verdict::restart:
    return "restart";
  case restart_verdict::complete:
    return "complete";
  case restart_verdict::park:
    return "park";
  case restart_verdict::give_up:
    return "give_up";
  }
  return "?";
}

bool may_start_again(const failure& cause) noexcept {
  // Without an errno it was not the program that was refused, but our own zygote that was lost.
  if (cause.code != errc::start_failed || cause.os_error == 0) return true;
  if (cause.os_error == zygote_loss_error) return true;
  return is_shortage(cause.os_error) || cause.os_error == EINTR || cause.os_error == ETXTBSY;
}

restart_policy::restart_policy(restart_spec spec, std::uint32_t replicas)
    : spec_{std::move(spec)}, intensity_{spec_.intensity.value_or(default_intensity(replicas))} {}

restart_verdict restart_policy::decide(end_kind kind, exit_status status, time_point now,
                                       restart_excuse excuse) {
  const auto verdict = wanted(kind, status);
  if (excuse == restart_excuse::gets_on) recent_.clear();
  if (verdict != restart_verdict::restart || excuse != restart_excuse::none) return verdict;
  if (spend_restart(now)) return verdict;
  return spec_.parks_when_exhausted ? restart_verdict::park : restart_verdict::give_up;
}

restart_verdict restart_policy::wanted(end_kind kind, exit_status status) const {
  const bool has_exited = kind == end_kind::exited;
  if (has_exited && is_in(spec_.prevent_exit, status)) return restart_verdict::park;
  if (has_exited && is_in(spec_.force_exit, status)) return restart_verdict::restart;
  const bool is_success = has_exited && is_in(spec_.success_exit, status);
  switch (spec_.policy) {
  case restart_type::permanent:
    return restart_verdict::restart;
  case restart_type::transient:
    return is_success ? restart_verdict::complete : restart_verdict::restart;
  case restart_type::temporary:
    return is_success ? restart_verdict::complete : restart_verdict::park;
  }
  return restart_verdict::park;
}

bool restart_policy::spend_restart(time_point now) {
  if (intensity_ == unlimited_restarts) return true;
  // As in OTP, a restart exactly `period` ago still counts. A refused one is not counted: nothing
  // was restarted.
  while (!recent_.empty() && now - recent_.front() > spec_.period) recent_.pop_front();
  if (recent_.size() >= intensity_) return false;
  recent_.push_back(now);
  return true;
}

} // namespace troupe
