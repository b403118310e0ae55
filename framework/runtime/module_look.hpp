// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/expected.hpp"
#include "troupe/pipeline/module.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Asks a worker process which worker types the shared library at `path` has: a host never loads a
/// user's library itself, and survives one that crashes or hangs while it is loaded.
///
/// Lives in: host. Threads: any but the reactor's. Blocks: until the answer, the end of the worker
/// or `limit`; then the worker is killed. Crash (of the worker): an error that says how it ended.
/// Errors: the library cannot be loaded, has no workers, or gave no answer.
expected<std::vector<pipeline::worker_description>> look_into_module(const std::string& path,
                                                                     deadline limit);

} // namespace troupe
