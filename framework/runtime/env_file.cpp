// Part of Troupe; see LICENSE.

#include "troupe/runtime/env_file.hpp"

#include <cerrno>
#include <fstream>

namespace troupe {

expected<std::vector<std::pair<std::string, std::string>>> read_env_file(const std::string& path) {
  std::ifstream in{path};
  if (!in) return system_failure("cannot read env_file " + path, errno);
  std::vector<std::pair<std::string, std::string>> out;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return failure{errc::bad_data, path + ":" + std::to_string(number) +
                                         ": expected KEY=VALUE, got '" + line + "'"};
    }
    out.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return out;
}

} // namespace troupe
