// Part of Troupe; see LICENSE.

#pragma once

#include <map>
#include <string>
#include <string_view>

/// `${TROUPE_REPLICA}` and its like: names in a value that are known only when a worker starts.
/// `$${TROUPE_` stands for the same text without that meaning.
namespace troupe::text {

inline constexpr std::string_view worker_reference = "${TROUPE_";
inline constexpr std::string_view escaped_worker_reference = "$${TROUPE_";

/// Replaces the references in `text`, and undoes the escapes. A name that `values` does not have
/// becomes nothing.
std::string expand_for_worker(std::string_view text,
                              const std::map<std::string, std::string>& values);
/// The same for each value of `values` itself: what it names is what `values` had before.
void expand_each_for_worker(std::map<std::string, std::string>& values);

/// Escapes what looks like a reference, so that `expand_for_worker` gives `text` again.
std::string guarded_for_worker(std::string_view text);

} // namespace troupe::text
