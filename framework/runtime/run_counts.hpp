// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/spec.hpp"
#include "troupe/control/status.hpp"

#include <cstdint>

/// What a run comes to, from the numbers of its pools.
namespace troupe {

/// Messages that every attempt failed and that went to no pool: there is no dead letter channel, it
/// had no room, or nobody reads it, so that they end with this process; and those lost inside.
[[nodiscard]] std::uint64_t count_lost_messages(const config::troupe_spec& spec,
                                                const control::troupe_view& view);

/// Messages that are gone, or may be, with a dead command or because a stop did not wait for them.
[[nodiscard]] std::uint64_t count_messages_lost_inside(const control::troupe_view& view);
/// Lines that commands wrote without being asked (mode: request_reply): replies are in doubt.
[[nodiscard]] std::uint64_t count_surplus_lines(const control::troupe_view& view);
/// What came out at the end: messages that the last pools have done, those of dead letters apart,
/// or gave into a channel that no pool reads.
[[nodiscard]] std::uint64_t count_finished_messages(const config::troupe_spec& spec,
                                                    const control::troupe_view& view);

} // namespace troupe
