// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/environment.hpp"

#include <memory>

namespace troupe {

/// The environment of this process: one reactor, zygote, dispatcher and actor system for all its
/// pools. Made when nobody holds it, gone with the last holder. In a process that was forked from
/// one that had it at that time, this throws forked_copy.
std::shared_ptr<pool_environment> host_environment();

} // namespace troupe
