// Part of Troupe; see LICENSE.

#pragma once

#include <string_view>

namespace troupe::detail {

/// Says that this process has, or is making, what pools share: threads, a zygote, locks. While it
/// is held, a forked copy can neither use that nor make its own, for the actor system and the
/// locks of this process are in its memory as they were.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: nothing outside the process.
/// Errors: the constructor throws forked_copy in such a copy; `what` begins the sentence.
class environment_claim {
public:
  explicit environment_claim(std::string_view what);
  ~environment_claim();
  environment_claim(const environment_claim&) = delete;
  environment_claim& operator=(const environment_claim&) = delete;
};

} // namespace troupe::detail
