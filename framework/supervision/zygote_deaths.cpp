// Part of Troupe; see LICENSE.

#include "troupe/supervision/zygote_deaths.hpp"

namespace troupe {

zygote_deaths::zygote_deaths(std::uint32_t replicas, bool is_unlimited)
    : is_unlimited_{is_unlimited}, rounds_(replicas) {}

zygote_death_verdict zygote_deaths::note(slot_id slot, time_point now, duration uptime) {
  if (uptime >= uptime_long) clear();
  if (rounds_[slot.value] == round_) {
    ++round_;
    if (count_ == 0) first_ = now;
    if (count_ <= row_max) ++count_;
    last_ = now;
  }
  const bool is_over = count_ > row_max && !is_unlimited_;
  return is_over ? zygote_death_verdict::too_many : zygote_death_verdict::go_on;
}

} // namespace troupe
