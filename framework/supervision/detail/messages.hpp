// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/supervision_port.hpp"
#include "troupe/supervision/restart_policy.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace troupe::detail {

class status_query;
using status_query_ptr = std::shared_ptr<status_query>;

/// The end of a worker that nobody had asked for, as a slot tells it to its supervisor.
struct worker_end {
  slot_id slot;
  incarnation_id incarnation;
  end_kind kind = end_kind::exited;
  exit_record record;
  failure cause; ///< Only of `end_kind::start_failed`.
  /// For how long starts have failed for want of something, this one last; absent: not for that.
  std::optional<duration> shortage_span{};
  restart_excuse excuse = restart_excuse::none;
  end_reason reason = end_reason::by_itself;
  /// Of the next start, should there be one: which restart of the slot it would be (0: none, but a
  /// start that is tried again), and the pause before it.
  std::uint64_t restart_number = 0;
  duration pause{};
  duration uptime{}; ///< Since it was ready; zero: it never was.
};

// CAF keeps at most ten characters of an atom and silently blanks what it cannot encode.
// From outside, and from timers.
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using recycle_atom = caf::atom_constant<caf::atom("recycle")>;
using reason_atom = caf::atom_constant<caf::atom("reason")>;
using excuse_atom = caf::atom_constant<caf::atom("excuse")>;
using ready_atom = caf::atom_constant<caf::atom("ready")>;
using drained_atom = caf::atom_constant<caf::atom("drained")>;
using exited_atom = caf::atom_constant<caf::atom("exited")>;
using unstarted_atom = caf::atom_constant<caf::atom("unstarted")>;
using query_atom = caf::atom_constant<caf::atom("query")>;
using timer_atom = caf::atom_constant<caf::atom("timer")>;
// From the supervisor to a slot.
using adopt_atom = caf::atom_constant<caf::atom("adopt")>;
using restart_atom = caf::atom_constant<caf::atom("restart")>;
using complete_atom = caf::atom_constant<caf::atom("complete")>;
using park_atom = caf::atom_constant<caf::atom("park")>;
// From a slot to the supervisor.
using launch_atom = caf::atom_constant<caf::atom("launch")>;
using drain_atom = caf::atom_constant<caf::atom("drain")>;
using signal_atom = caf::atom_constant<caf::atom("signal")>;
using ended_atom = caf::atom_constant<caf::atom("ended")>;
using finished_atom = caf::atom_constant<caf::atom("finished")>;
using stopping_atom = caf::atom_constant<caf::atom("stopping")>;
// To itself, by a timer.
using untold_atom = caf::atom_constant<caf::atom("untold")>;

} // namespace troupe::detail

// None of these ever leaves the process, so that nothing has to be serialised.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::slot_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::incarnation_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::stop_mode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::slot_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::end_reason)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::restart_excuse)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::signal_scope)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::exit_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::detail::worker_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::detail::status_query_ptr)
