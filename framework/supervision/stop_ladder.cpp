// Part of Troupe; see LICENSE.

#include "troupe/supervision/stop_ladder.hpp"

namespace troupe {

std::string_view to_string(stop_action action) noexcept {
  switch (action) {
  case stop_action::nothing:
    return "nothing";
  case stop_action::drain:
    return "drain";
  case stop_action::limit_drain:
    return "limit_drain";
  case stop_action::signal_first:
    return "signal_first";
  case stop_action::signal_final:
    return "signal_final";
  }
  return "?";
}

stop_step stop_ladder::begin(stop_mode mode) noexcept {
  switch (mode) {
  case stop_mode::drain:
    // Brutal means at once: a worker stopped that way is not asked to finish anything.
    if (spec_.is_brutal_kill || spec_.drain <= duration::zero()) return signal_first();
    rung_ = rung::draining;
    return {stop_action::drain, spec_.drain};
  case stop_mode::quick:
    return signal_first();
  case stop_mode::kill:
    return signal_final();
  }
  return signal_final();
}

stop_step stop_ladder::begin_recycling() noexcept {
  rung_ = rung::draining_unlimited;
  return {stop_action::drain, std::nullopt};
}

stop_step stop_ladder::harden(stop_mode mode) noexcept {
  switch (rung_) {
  case rung::draining_unlimited: {
    auto step = begin(mode);
    if (step.action == stop_action::drain) step.action = stop_action::limit_drain;
    return step;
  }
  case rung::draining:
    return mode == stop_mode::drain ? stop_step{} : begin(mode);
  case rung::signalled:
    return mode == stop_mode::kill ? signal_final() : stop_step{};
  case rung::killed:
    return {};
  }
  return {};
}

stop_step stop_ladder::on_drained() noexcept {
  switch (rung_) {
  case rung::draining:
  case rung::draining_unlimited:
    return signal_first();
  case rung::signalled:
  case rung::killed:
    return {};
  }
  return {};
}

stop_step stop_ladder::on_timeout() noexcept {
  switch (rung_) {
  case rung::draining:
    return signal_first();
  case rung::signalled:
    return signal_final();
  case rung::draining_unlimited: // These two wait for an event, not for a time.
  case rung::killed:
    return {};
  }
  return {};
}

stop_step stop_ladder::signal_first() noexcept {
  if (spec_.is_brutal_kill) return signal_final();
  rung_ = rung::signalled;
  return {stop_action::signal_first, spec_.timeout};
}

stop_step stop_ladder::signal_final() noexcept {
  rung_ = rung::killed;
  return {stop_action::signal_final, std::nullopt};
}

} // namespace troupe
