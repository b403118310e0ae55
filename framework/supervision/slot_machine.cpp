// Part of Troupe; see LICENSE.

#include "troupe/supervision/slot_machine.hpp"

namespace troupe {
namespace {

constexpr slot_phase stopped{slot_state::stopped};
constexpr slot_phase starting{slot_state::starting};
constexpr slot_phase ready{slot_state::ready};
constexpr slot_phase paused{slot_state::backoff};
constexpr slot_phase completed{slot_state::completed};
constexpr slot_phase failed{slot_state::failed};
constexpr slot_phase stopping(stop_purpose why) {
  return {slot_state::stopping, why};
}

/// A slot without a worker that waits for nothing (before its first start, or after its last).
slot_step when_stopped(slot_event event) noexcept {
  switch (event) {
  case slot_event::start:
    return {starting, slot_action::launch};
  case slot_event::stop:
    return {stopped, slot_action::finish};
  case slot_event::restart: // A verdict that crossed with the stop that overtook it.
  case slot_event::complete:
  case slot_event::park:
    return {stopped, slot_action::nothing};
  case slot_event::ready:
  case slot_event::drained:
  case slot_event::exited:
  case slot_event::start_failed:
  case slot_event::timer:
  case slot_event::recycle:
    break;
  }
  return {stopped, slot_action::refuse};
}

slot_step when_starting(slot_event event) noexcept {
  switch (event) {
  case slot_event::ready:
    return {ready, slot_action::serve};
  case slot_event::exited:
  case slot_event::start_failed:
    return {paused, slot_action::ask};
  case slot_event::timer:
    return {stopping(stop_purpose::start_timeout), slot_action::begin_kill};
  case slot_event::stop:
    return {stopping(stop_purpose::stop), slot_action::begin_early};
  case slot_event::recycle:
    return {starting, slot_action::nothing}; // It is as fresh as can be.
  case slot_event::start:
  case slot_event::drained:
  case slot_event::restart:
  case slot_event::complete:
  case slot_event::park:
    break;
  }
  return {starting, slot_action::refuse};
}

slot_step when_ready(slot_event event) noexcept {
  switch (event) {
  case slot_event::exited:
  case slot_event::start_failed:
    return {paused, slot_action::ask}; // Odd, but gone is gone.
  case slot_event::stop:
    return {stopping(stop_purpose::stop), slot_action::begin_stop};
  case slot_event::recycle:
    return {stopping(stop_purpose::recycle), slot_action::begin_recycle};
  case slot_event::start:
  case slot_event::ready:
  case slot_event::drained:
  case slot_event::timer:
  case slot_event::restart:
  case slot_event::complete:
  case slot_event::park:
    break;
  }
  return {ready, slot_action::refuse};
}

/// No worker: first waiting for the verdict, then for the pause to end.
slot_step when_paused(slot_event event) noexcept {
  switch (event) {
  case slot_event::restart:
    return {paused, slot_action::pause};
  case slot_event::timer:
    return {starting, slot_action::launch};
  case slot_event::complete:
    return {completed, slot_action::finish};
  case slot_event::park:
    return {failed, slot_action::finish};
  case slot_event::stop:
    return {stopped, slot_action::finish};
  case slot_event::recycle:
    return {paused, slot_action::nothing}; // Its worker died first.
  case slot_event::start:
  case slot_event::ready:
  case slot_event::drained:
  case slot_event::exited:
  case slot_event::start_failed:
    break;
  }
  return {paused, slot_action::refuse};
}

slot_step after_stopping(stop_purpose why) noexcept {
  switch (why) {
  case stop_purpose::stop:
    return {stopped, slot_action::finish};
  case stop_purpose::recycle:
    return {starting, slot_action::launch};
  case stop_purpose::start_timeout:
    return {paused, slot_action::ask};
  }
  return {stopped, slot_action::finish};
}

slot_step when_stopping(stop_purpose why, slot_event event) noexcept {
  switch (event) {
  case slot_event::exited:
  case slot_event::start_failed:
    return after_stopping(why);
  case slot_event::timer:
    return {stopping(why), slot_action::climb};
  case slot_event::drained:
    return {stopping(why), slot_action::note_drained};
  case slot_event::stop:
    return {stopping(stop_purpose::stop), slot_action::harden_stop};
  case slot_event::ready: // It became ready while its stop was on the way.
  case slot_event::recycle:
    return {stopping(why), slot_action::nothing};
  case slot_event::start:
  case slot_event::restart:
  case slot_event::complete:
  case slot_event::park:
    break;
  }
  return {stopping(why), slot_action::refuse};
}

/// Completed or failed: the slot stays empty, and says so whenever it is asked to stop.
slot_step when_over(slot_phase phase, slot_event event) noexcept {
  switch (event) {
  case slot_event::stop:
    return {phase, slot_action::finish};
  case slot_event::recycle:
    return {phase, slot_action::nothing};
  case slot_event::start:
  case slot_event::ready:
  case slot_event::drained:
  case slot_event::exited:
  case slot_event::start_failed:
  case slot_event::timer:
  case slot_event::restart:
  case slot_event::complete:
  case slot_event::park:
    break;
  }
  return {phase, slot_action::refuse};
}

} // namespace

slot_step advance(slot_phase phase, slot_event event) noexcept {
  switch (phase.state) {
  case slot_state::stopped:
    return when_stopped(event);
  case slot_state::starting:
    return when_starting(event);
  case slot_state::ready:
    return when_ready(event);
  case slot_state::backoff:
    return when_paused(event);
  case slot_state::stopping:
    return when_stopping(phase.purpose, event);
  case slot_state::completed:
  case slot_state::failed:
    return when_over(phase, event);
  }
  return {phase, slot_action::refuse};
}

std::string_view to_string(stop_purpose purpose) noexcept {
  switch (purpose) {
  case stop_purpose::stop:
    return "stop";
  case stop_purpose::recycle:
    return "recycle";
  case stop_purpose::start_timeout:
    return "start_timeout";
  }
  return "?";
}

std::string_view to_string(slot_event event) noexcept {
  switch (event) {
  case slot_event::start:
    return "start";
  case slot_event::ready:
    return "ready";
  case slot_event::drained:
    return "drained";
  case slot_event::exited:
    return "exited";
  case slot_event::start_failed:
    return "start_failed";
  case slot_event::timer:
    return "timer";
  case slot_event::restart:
    return "restart";
  case slot_event::complete:
    return "complete";
  case slot_event::park:
    return "park";
  case slot_event::stop:
    return "stop";
  case slot_event::recycle:
    return "recycle";
  }
  return "?";
}

std::string_view to_string(slot_action action) noexcept {
  switch (action) {
  case slot_action::nothing:
    return "nothing";
  case slot_action::refuse:
    return "refuse";
  case slot_action::launch:
    return "launch";
  case slot_action::serve:
    return "serve";
  case slot_action::ask:
    return "ask";
  case slot_action::pause:
    return "pause";
  case slot_action::begin_stop:
    return "begin_stop";
  case slot_action::begin_early:
    return "begin_early";
  case slot_action::begin_recycle:
    return "begin_recycle";
  case slot_action::begin_kill:
    return "begin_kill";
  case slot_action::harden_stop:
    return "harden_stop";
  case slot_action::note_drained:
    return "note_drained";
  case slot_action::climb:
    return "climb";
  case slot_action::finish:
    return "finish";
  }
  return "?";
}

} // namespace troupe
