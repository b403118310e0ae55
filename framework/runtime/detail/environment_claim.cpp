// Part of Troupe; see LICENSE.

#include "troupe/runtime/detail/environment_claim.hpp"

#include "troupe/os/fork_guard.hpp"

#include <atomic>
#include <cstdint>

namespace troupe::detail {

namespace {

constinit std::atomic<std::uint64_t> claims{0};
constinit std::atomic<std::uint64_t> claimant{0}; // Stamp of the process whose claims those are.

} // namespace

environment_claim::environment_claim(std::string_view what) {
  const auto stamp = os::process_stamp();
  if (claims.load() != 0 && claimant.load() != stamp) os::throw_forked_copy(what);
  claimant.store(stamp); // First: a copy that is forked in between has no claims to heed.
  claims.fetch_add(1);
}

environment_claim::~environment_claim() {
  claims.fetch_sub(1);
}

} // namespace troupe::detail
