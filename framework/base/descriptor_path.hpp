// Part of Troupe; see LICENSE.

#pragma once

#include <optional>
#include <string>

namespace troupe {

/// The descriptor of this process that `path` names, such as /dev/stdin, /dev/fd/1 or
/// /proc/self/fd/2, also through symbolic links. In another process the same path is something
/// else.
///
/// Lives in: any process. Threads: any. Blocks: for the disk. Crash: nothing. Errors: none; what
/// cannot be looked at names none.
[[nodiscard]] std::optional<int> descriptor_named_by(const std::string& path);

} // namespace troupe
