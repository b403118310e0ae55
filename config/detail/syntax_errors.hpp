// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/detail/parse.hpp"
#include "troupe/config/detail/source_text.hpp"

#include <optional>

namespace YAML {
class Exception;
}

namespace troupe::config::detail {

/// Says in the words of the writer of the file what yaml-cpp stumbled over. `bracket`: the
/// innermost `{` or `[` that was open then.
parse_problem explain_syntax(const source_text& source, std::optional<location> bracket,
                             const YAML::Exception& error);

} // namespace troupe::config::detail
