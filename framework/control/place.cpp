// Part of Troupe; see LICENSE.

#include "troupe/control/place.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace troupe::control {

namespace fs = std::filesystem;

expected<std::string> state_folder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  // A relative one is to be ignored, says the XDG specification.
  if (state != nullptr && state[0] == '/') return std::string{state} + "/troupe";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string{home} + "/.local/state/troupe";
  return failure{errc::system, "there is no folder for the control socket: neither XDG_STATE_HOME "
                               "nor HOME is set; set one, or give --socket PATH"};
}

expected<std::string> default_socket(const std::string& name) {
  auto folder = state_folder();
  if (!folder) return folder.error();
  return *folder + "/" + name + "/control.sock";
}

std::vector<std::string> known_names() {
  std::vector<std::string> out;
  const auto folder = state_folder();
  if (!folder) return out;
  std::error_code problem;
  for (fs::directory_iterator at{*folder, problem}, end; !problem && at != end;
       at.increment(problem)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) out.push_back(at->path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace troupe::control
