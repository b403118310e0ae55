// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/supervision_port.hpp"

#include <string_view>

namespace troupe {

/// Why a slot is in `slot_state::stopping`, and so what happens once its worker has exited.
enum class stop_purpose {
  stop,          ///< The slot stays empty.
  recycle,       ///< A fresh worker is started at once.
  start_timeout, ///< The worker counts as ended by itself.
};

/// Where a slot stands. `purpose` means something only while stopping; else it is `stop`.
struct slot_phase {
  slot_state state = slot_state::stopped;
  stop_purpose purpose = stop_purpose::stop;

  friend bool operator==(const slot_phase&, const slot_phase&) = default;
};

enum class slot_event {
  start,        ///< The supervisor wants the slot filled.
  ready,        ///< The worker said hello.
  drained,      ///< The worker holds no more work.
  exited,       ///< The worker is gone.
  start_failed, ///< There never was a worker.
  timer,        ///< The one timer of the slot went off: start timeout, pause, or stop ladder.
  restart,      ///< Verdict on the end of the worker: start again after the pause.
  complete,     ///< Verdict: it has done its work.
  park,         ///< Verdict: it has failed for good.
  stop,         ///< The supervisor wants the slot empty.
  recycle,      ///< The worker is to be replaced.
};

enum class slot_action {
  nothing,       ///< The event asks for nothing here.
  refuse,        ///< The event cannot happen here: too late, or the peer is wrong. Counted.
  launch,        ///< Start the next incarnation and the timer of its start.
  serve,         ///< Stop the timer; the worker is at work.
  ask,           ///< Stop the timer, ask the supervisor for a verdict.
  pause,         ///< Start the timer of the backoff.
  begin_stop,    ///< Begin the stop ladder; the worker may have work in hand.
  begin_early,   ///< Begin the stop ladder; the worker never had any work.
  begin_recycle, ///< Begin the stop ladder of a replacement.
  begin_kill,    ///< Kill the worker: it was not ready in time.
  harden_stop,   ///< Shorten what the stop ladder still waits for.
  note_drained,  ///< Tell the stop ladder that the worker holds no work.
  climb,         ///< Tell the stop ladder that its wait is over.
  finish,        ///< Stop the timer, tell the supervisor that the slot is and stays empty.
};

std::string_view to_string(stop_purpose purpose) noexcept;
std::string_view to_string(slot_event event) noexcept;
std::string_view to_string(slot_action action) noexcept;

struct slot_step {
  slot_phase phase;
  slot_action action = slot_action::nothing;

  friend bool operator==(const slot_step&, const slot_step&) = default;
};

/// Returns what `event` makes of a slot in `phase`. Total, pure, and the only place that knows how
/// a slot lives. A worker exists from `launch` to the first `exited` or `start_failed` after it, so
/// that there are never two in one slot: `launch` is answered only where the last one is gone.
[[nodiscard]] slot_step advance(slot_phase phase, slot_event event) noexcept;

} // namespace troupe
