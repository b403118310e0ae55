// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <string>

namespace troupe::actors {

/// What a source does about what it cannot read: the pool's key `on_error`.
///
/// Lives in: worker. Threads: a value. Blocks: never. Crash: nothing shared.
/// Errors: stage_failed, when that is the rule.
class on_error_rule {
public:
  explicit on_error_rule(const worker_config& config)
      : skips_{config.text("on_error", "stop") == "skip"} {}

  /// Fails the stage, or leaves `what` out: told and counted, so that the run ends with 65.
  void apply(const std::string& what, const std::string& why, emitter& out) const {
    if (!skips_) {
      throw stage_failed{why + "; mend that, or set 'on_error: skip' to go on without it"};
    }
    out.skip(what, why);
  }

private:
  bool skips_;
};

} // namespace troupe::actors
