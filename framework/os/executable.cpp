// Part of Troupe; see LICENSE.

#include "troupe/os/executable.hpp"

#include "troupe/base/text.hpp"
#include "troupe/os/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr auto path_by_default = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t first_line_bytes_max = 256; // The kernel looks at no more either.
constexpr std::string_view blanks = " \t";

std::string cannot_run(const std::string& path) {
  return "cannot run '" + text::printable(path) + "'";
}

/// The first line of a script, behind the "#!".
struct script_line {
  std::string interpreter;
  std::string argument;
};

std::optional<script_line> first_line_of(const std::string& path) {
  const fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  char bytes[first_line_bytes_max];
  const auto size = file ? ::read(file.get(), bytes, sizeof bytes) : -1;
  if (size <= 0) return std::nullopt; // It can be run and not be read: then nothing is known.
  std::string_view line{bytes, static_cast<std::size_t>(size)};
  if (!line.starts_with("#!")) return std::nullopt;
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const auto end = std::min(line.find_first_of(blanks), line.size());
  return script_line{std::string{line.substr(0, end)}, std::string{line.substr(end)}};
}

// What is wrong with a script's first line; empty for a good one, and for what is no script.
std::string problem_of_script(const std::string& path) {
  const auto line = first_line_of(path);
  if (!line || line->interpreter.empty()) return {};
  // Others may know how to live with it in their arguments; env looks for that very name.
  const bool is_env = line->interpreter.ends_with("/env");
  if (line->interpreter.back() == '\r' || (is_env && line->argument.ends_with('\r'))) {
    return cannot_run(path) +
           ": its first line ends with a carriage return (line ends of Windows), which the name of "
           "its interpreter then has too; convert it: sed -i 's/\\r$//' FILE";
  }
  if (line->interpreter.front() != '/' || ::access(line->interpreter.c_str(), F_OK) == 0) return {};
  return cannot_run(path) + ": the interpreter or loader that it names ('" +
         text::printable(line->interpreter) + "' in its first line) does not exist";
}

} // namespace

std::string problem_of_executable(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    return cannot_run(path) + ": " + std::generic_category().message(errno);
  }
  if (S_ISDIR(file.st_mode)) return cannot_run(path) + ": it is a directory";
  if (!S_ISREG(file.st_mode)) return cannot_run(path) + ": it is not a regular file";
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) {
    return cannot_run(path) + ": it is not executable (chmod +x)";
  }
  return problem_of_script(path);
}

executable_search find_executable(const std::string& name) {
  if (name.empty()) return {{}, "cannot run '': the name of the program is empty"};
  if (name.find('/') != std::string::npos) return {name, problem_of_executable(name)};
  const char* list = std::getenv("PATH");
  std::istringstream places{list != nullptr ? list : path_by_default};
  std::string nearly; // Found, but not executable: says more than "not found".
  for (std::string place; std::getline(places, place, ':');) {
    const auto path = (place.empty() ? std::string{"."} : place) + "/" + name;
    const auto problem = problem_of_executable(path);
    if (problem.empty()) return {path, {}};
    struct stat file {};
    if (nearly.empty() && ::stat(path.c_str(), &file) == 0) nearly = problem;
  }
  if (!nearly.empty()) return {{}, nearly};
  return {{},
          cannot_run(name) + ": not found in PATH (" + text::printable(places.str(), 1000) + ")"};
}

std::string explain_exec_failure(const std::string& path, int os_error) {
  const auto begin = cannot_run(path);
  switch (os_error) {
  case ENOENT: {
    const auto problem = problem_of_script(path);
    return problem.empty() ? begin + ": the interpreter or loader that it names does not exist"
                           : problem;
  }
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

} // namespace troupe::os
