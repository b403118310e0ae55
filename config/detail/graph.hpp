// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/detail/pool_draft.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

/// The pools and channels of one file, for the checks that need more than one of them.
class graph {
public:
  graph(context& owner, std::vector<channel_draft>& channels, std::vector<pool_draft>& pools);

  [[nodiscard]] std::vector<channel_draft>& channels() noexcept { return *channels_; }
  [[nodiscard]] const std::vector<channel_draft>& channels() const noexcept { return *channels_; }
  [[nodiscard]] std::vector<pool_draft>& pools() noexcept { return *pools_; }
  [[nodiscard]] const std::vector<pool_draft>& pools() const noexcept { return *pools_; }

  /// The channel called `name`, or null.
  [[nodiscard]] const channel_draft* find(std::string_view name) const;
  /// The same, but null too when its type is unknown: both have had their error.
  [[nodiscard]] const channel_draft* find_typed(std::string_view name) const;

  void error(problem code, location at, std::string path, std::string message);
  /// Reports that `ref` carries something else than `what`, and names the other end.
  void mismatch(const pool_draft& pool, const channel_ref& ref, bool is_input,
                const std::string& what);

private:
  [[nodiscard]] std::string other_end(const pool_draft& pool, std::string_view channel,
                                      bool is_input) const;

  context* owner_;
  std::vector<channel_draft>* channels_;
  std::vector<pool_draft>* pools_;
  std::map<std::string, const channel_draft*, std::less<>> by_name_;
};

/// " (line 12)"
std::string at_line(location at);

/// Whether `refs` has `channel`.
bool names(const std::vector<channel_ref>& refs, std::string_view channel);

/// Whether the pool runs a program that is not of Troupe.
bool is_foreign(const pool_spec& pool);

// The checks, in the order in which they run.
void check_references(graph& all);
void check_own_streams(graph& all);
void check_types(graph& all);
void check_protocols(graph& all); ///< Decides modes and codecs too.
void check_ends(graph& all);
void decide_deliveries(graph& all);
void check_circles(graph& all);

} // namespace troupe::config::detail
