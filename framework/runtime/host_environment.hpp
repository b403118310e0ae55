// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/environment.hpp"

#include <functional>
#include <memory>

namespace troupe {

/// The environment of this process: one reactor, zygote, dispatcher and actor system for all its
/// pools. Made when nobody holds it, gone with the last holder. In a process that was forked from
/// one that had it at that time, this throws forked_copy, as do the sinks below.
std::shared_ptr<pool_environment> host_environment();

/// Takes every line workers write, instead of stdout and stderr; empty: the default again.
/// Threads: any; `sink` is called on the reactor thread and must not block.
using output_sink =
    std::function<void(std::string_view name, output_stream, std::string_view line)>;
void set_output_sink(output_sink sink);

/// Takes every line of Troupe's own, instead of stderr; empty: the default again. As above, but
/// called on any thread.
using log_sink = std::function<void(std::string_view line)>;
void set_log_sink(log_sink sink);

} // namespace troupe
