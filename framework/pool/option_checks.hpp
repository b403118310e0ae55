// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/pool_settings.hpp"

namespace troupe {

struct task_options;
struct map_options;

/// What a user may put into an option, field by field. All throw std::invalid_argument, which names
/// the field, its value and what it must be.
namespace option_checks {

/// Longer than any pool lives, and far from where sums of instants overflow.
inline constexpr duration longest = std::chrono::hours{24} * 36'500;

void check_name(const std::string& name);
/// 0 to `longest`.
void check_span(std::string_view field, duration value);
/// More than 0, to `longest`.
void check_span_not_zero(std::string_view field, duration value);
void check_arena(std::string_view field, std::size_t size_bytes);
void check(const restart_spec& restart);
void check(const stop_spec& stop);
void check(const start_spec& start);
void check(const recycle_spec& recycle);
void check(const process_options& process);
/// What each worker is started with has to fit one message to the launcher.
void check_initializer(const pool_settings& settings);
void check(const task_options& options);
void check(const map_options& options);

} // namespace option_checks

} // namespace troupe
