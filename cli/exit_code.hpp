// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::cli {

/// What the command says to its caller; the larger ones are those of sysexits.h.
enum class exit_code : int {
  ok = 0,
  failed = 1,       ///< A pool gave up, or the pipeline failed.
  not_ready = 3,    ///< `status`: something is not as wanted.
  unknown_name = 4, ///< `status`: nothing is called so.
  usage = 64,
  messages_lost = 65, ///< Worked off, but messages were given up and no pool took them, or replies
                      ///< are in doubt.
  no_socket = 69,     ///< Nothing serves the control socket, or another run does.
  timed_out = 75,     ///< `status --wait`.
  bad_config = 78,
  interrupted = 130, ///< Stopped at once, by the second Ctrl-C.
};

constexpr int to_int(exit_code code) noexcept {
  return static_cast<int>(code);
}

} // namespace troupe::cli
