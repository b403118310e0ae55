// Part of Troupe; see LICENSE.

#include "troupe/process/detail/executable.hpp"

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr auto path_by_default = "/usr/local/bin:/usr/bin:/bin";

// Why the file cannot be run; empty when it can.
std::string problem_of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    return "cannot run '" + path + "': " + std::generic_category().message(errno);
  }
  if (S_ISDIR(file.st_mode)) return "cannot run '" + path + "': it is a directory";
  if (!S_ISREG(file.st_mode)) return "cannot run '" + path + "': it is not a regular file";
  if (::access(path.c_str(), X_OK) != 0) {
    return "cannot run '" + path + "': it is not executable (chmod +x)";
  }
  return {};
}

} // namespace

executable_search find_executable(const std::string& name) {
  if (name.empty()) return {{}, "cannot run '': the name of the program is empty"};
  if (name.find('/') != std::string::npos) return {name, problem_of(name)};
  const char* list = std::getenv("PATH");
  std::istringstream places{list != nullptr ? list : path_by_default};
  std::string nearly; // Found, but not executable: says more than "not found".
  for (std::string place; std::getline(places, place, ':');) {
    const auto path = (place.empty() ? std::string{"."} : place) + "/" + name;
    const auto problem = problem_of(path);
    if (problem.empty()) return {path, {}};
    struct stat file {};
    if (nearly.empty() && ::stat(path.c_str(), &file) == 0) nearly = problem;
  }
  if (!nearly.empty()) return {{}, nearly};
  return {{}, "cannot run '" + name + "': not found in PATH (" + places.str() + ")"};
}

std::string explain_exec_failure(const std::string& path, int os_error) {
  const auto begin = "cannot run '" + path + "'";
  switch (os_error) {
  case ENOENT:
    return begin + ": the interpreter or loader that it names does not exist";
  case ENOEXEC:
    return begin + ": neither a program for this machine nor a script with #!";
  case E2BIG:
    return begin + ": its arguments and environment are too long";
  case ENOMEM:
    return begin + ": not enough memory (is limits.as too small?)";
  default:
    return begin;
  }
}

} // namespace troupe::detail
