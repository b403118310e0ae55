// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_config.hpp"

#include <string>
#include <string_view>

namespace troupe::actors {

/// What a sink of lines does with a message that holds a line feed: the setting `line_feeds`.
///
/// Lives in: any process. Threads: a value. Blocks: never. Crash: nothing shared.
/// Errors: message_refused, unless told otherwise: it would be read as two messages.
class line_feed_rule {
public:
  explicit line_feed_rule(const worker_config& config);

  /// Appends `message` and a line feed to `out`.
  void append(std::string_view message, std::string& out) const;

private:
  enum class rule { refuse, escape, keep };
  rule rule_ = rule::refuse;
};

} // namespace troupe::actors
