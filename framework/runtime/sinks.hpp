// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/output_sinks.hpp"

namespace troupe {

/// Takes every line workers write, instead of stdout and stderr; empty: the default again.
///
/// Sinks are called on the thread "troupe-output", one line after the other. A slow one delays
/// lines and, when many wait, the workers that print; never supervision, tasks or futures. One that
/// takes more than 5 s for a line while the queue is full loses lines, which are counted and told.
/// What it throws is told once. It may call whatever it likes of Troupe.
///
/// Setting another first waits, within bounds, until the old one has what was printed before, and
/// then for its last call to return, but for neither when a sink calls this.
void set_output_sink(output_sink sink);

/// Takes every line of Troupe's own, instead of stderr; empty: the default again. As above.
void set_log_sink(log_sink sink);

/// Waits until what workers printed and Troupe logged, as far as it was read, is written or given
/// to the sinks. False: nobody reads it, or it takes longer than a minute.
bool flush_output();

} // namespace troupe
