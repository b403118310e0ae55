// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/ids.hpp"
#include "troupe/process/exit_status.hpp"
#include "troupe/process/supervision_port.hpp"
#include "troupe/supervision/restart_policy.hpp"
#include "troupe/supervision/zygote_deaths.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Returns the name of a worker as users see it: "parse/2".
std::string worker_name(std::string_view pool, slot_id slot);

/// "30s", or in the unit that shows all of it.
std::string duration_text(duration span);

/// Returns how a worker ended, with the last line it wrote.
std::string end_text(std::string_view worker, end_kind kind, const exit_record& record,
                     end_reason reason = end_reason::by_itself);

/// Returns the failure of a pool whose restart budget is spent, told by its last end.
failure budget_spent(std::string_view pool, slot_id slot, end_kind kind, const exit_record& record,
                     const restart_policy& policy, end_reason reason = end_reason::by_itself);

/// Returns the failure of a pool one of whose workers was not ready within its time limit, so often
/// in a row.
failure start_too_slow(std::string_view pool, slot_id slot, duration limit, std::uint32_t times);

/// Returns the failure of a pool so many of whose starts have failed in a row, told by the last.
failure starts_always_fail(std::string_view pool, slot_id slot, end_kind kind,
                           const exit_record& record, std::uint32_t starts);

/// Returns what is told at once of a worker that is not ready in time.
std::string slow_start_line(std::string_view pool, slot_id slot, duration limit);

/// Returns the failure of a pool one of whose workers could not be started at all.
failure start_refused(std::string_view pool, slot_id slot, failure cause);

/// Returns the failure of a pool none of whose workers could be started because the machine, or a
/// limit, was short of something for too long.
failure start_kept_short(std::string_view pool, slot_id slot, failure cause);

/// Returns the failure of a pool whose zygotes die as fast as they are made.
failure zygotes_always_die(std::string_view pool, const zygote_deaths& deaths);

/// Returns the failure of a pool whose supervisor itself has failed.
failure supervisor_failed(std::string_view pool, std::string_view what);

} // namespace troupe
