// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/loader.hpp"

#include <map>
#include <string>

/// A configuration with the builtins and worker types of this program. The `env_file`s that it
/// names are looked at, too.
namespace troupe {

/// Values for `${NAME}`, which win over the environment and over `vars`.
using config_values = std::map<std::string, std::string>;

[[nodiscard]] config::load_result read_config(const std::string& path, const config_values& set);

/// The same for a text that is no file; `name` stands for it in messages.
[[nodiscard]] config::load_result read_config_text(std::string text, const std::string& name,
                                                   const config_values& set);

} // namespace troupe
