// Part of Troupe; see LICENSE.

#pragma once

namespace troupe {

/// Must be called first in `main` (`troupe::init` does). When this process was started to be the
/// zygote of a host, or one worker of a zygote that does not fork, it takes that role and never
/// returns; workers run inside this call. Otherwise
/// it notes that it was called and returns.
void become_zygote_if_asked(int argc, char** argv);

/// True when `become_zygote_if_asked` was called in this process, and in every worker. A launcher
/// refuses to work without: re-executing this program would run its `main` once more.
[[nodiscard]] bool is_host_initialised() noexcept;

} // namespace troupe
