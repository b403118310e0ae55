// Part of Troupe; see LICENSE.

#include "troupe/actors/command_ends.hpp"

namespace troupe::actors {

command_ends::meaning command_ends::note_end(const end& how) noexcept {
  meaning out;
  const bool is_missing = how.code == 126 || how.code == 127; // So a shell says it cannot run it.
  const bool is_useless = !has_ever_answered_ && how.code && (how.has_read_nothing || is_missing);
  // With 0 or 1 it may mean to refuse what it is given, though it has not looked at it.
  const bool cannot_begin = is_useless && *how.code > 1;
  const bool is_innocent = has_ever_answered_ || !how.code || cannot_begin;
  out.is_no_attempt = is_innocent && how.is_round_unread;
  unread_rounds_ = out.is_no_attempt ? unread_rounds_ + 1 : 0;
  if (unread_rounds_ >= unread_rounds_max) {
    out.is_no_attempt = false;
    unread_rounds_ = 0;
  }
  useless_starts_ = is_useless ? useless_starts_ + 1 : 0;
  out.useless_starts = useless_starts_;
  out.is_hopeless =
      is_useless && useless_starts_ >= (cannot_begin ? failed_starts_max : useless_starts_max);
  return out;
}

} // namespace troupe::actors
