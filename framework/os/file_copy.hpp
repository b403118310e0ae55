// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <system_error>

namespace troupe::os {

/// Copies the regular file `from` with its rights. The copy gets the name `to` in one step, once
/// all of it is there; until then it has no name at all, so that a `kill -9` leaves nothing behind.
/// A file `to` that is there already is replaced in one step, too; for the moment that takes, the
/// copy has the name `stand_in`, which must lie in the same file system and be nobody else's.
///
/// Returns what went wrong, and then `to` is as it was; std::errc::not_supported: this file system
/// has no files without a name. Source: open(2), O_TMPFILE. Threads: any. Blocks: for the copy.
[[nodiscard]] std::error_code copy_at_once(const std::string& from, const std::string& to,
                                           const std::string& stand_in) noexcept;

} // namespace troupe::os
