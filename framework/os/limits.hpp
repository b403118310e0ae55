// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::os {

/// What the number of a resource limit counts.
enum class limit_unit { bytes, seconds, microseconds, count };

/// One resource limit as YAML names it.
struct limit_name {
  std::string_view name; ///< "nofile".
  int resource;          ///< RLIMIT_NOFILE.
  limit_unit unit;
};

/// `limits.x: unlimited`.
inline constexpr std::uint64_t unlimited = ~std::uint64_t{0};

/// Every limit of this system, by name.
const std::vector<limit_name>& limit_names();

/// The limit called `name`.
std::optional<limit_name> find_limit(std::string_view name);

/// The name of RLIMIT_x, or "?".
std::string_view limit_name_of(int resource) noexcept;

/// The limit that this process has now, or `unlimited`.
[[nodiscard]] std::uint64_t soft_limit(int resource) noexcept;
/// The limit of this process that no right is needed to go up to, or `unlimited`.
[[nodiscard]] std::uint64_t hard_limit(int resource) noexcept;
/// Whether this process may go beyond its hard limits.
[[nodiscard]] bool may_exceed_limits() noexcept;

/// Sets a limit of this process; returns 0 or errno.
int set_limit(int resource, std::uint64_t soft, std::uint64_t hard) noexcept;

} // namespace troupe::os
