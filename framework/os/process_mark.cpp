// Part of Troupe; see LICENSE.

#include "troupe/os/process_mark.hpp"

#include "troupe/base/clock.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace troupe::os {

namespace {

// The kernel allows an environment of 6 MiB at most.
constexpr std::size_t environment_bytes_max = 6 * 1024 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;

// The environment as it was at its last exec, each entry between two zeros. Empty: cannot be read.
void read_environment(int pid, std::string& into) {
  into.assign(1, '\0');
  const auto path = "/proc/" + std::to_string(pid) + "/environ";
  const fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return;
  while (into.size() < environment_bytes_max) {
    const auto before = into.size();
    into.resize(before + read_bytes);
    const auto count = ::read(file.get(), into.data() + before, read_bytes);
    into.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count <= 0) return;
  }
}

std::optional<int> pid_of(const char* name) noexcept {
  int pid = 0;
  const auto* const end = name + std::strlen(name);
  const auto [stop, problem] = std::from_chars(name, end, pid);
  if (problem != std::errc{} || stop != end || pid <= 0) return std::nullopt;
  return pid;
}

} // namespace

std::string make_process_mark() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    number = static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
  }
  char text[48] = {};
  std::snprintf(text, sizeof text, "%d-%016llx", static_cast<int>(::getpid()),
                static_cast<unsigned long long>(number));
  return text;
}

std::string environment_entry_of(int pid, const std::string& beginning) {
  std::string environment;
  read_environment(pid, environment);
  std::string wanted(1, '\0');
  wanted += beginning;
  const auto found = environment.find(wanted);
  if (found == std::string::npos) return {};
  const auto begin = found + wanted.size();
  return environment.substr(begin, environment.find('\0', begin) - begin);
}

std::vector<marked_process> find_marked_processes(const std::string& entry) {
  std::vector<marked_process> out;
  DIR* const list = ::opendir("/proc");
  if (list == nullptr) return out;
  std::string wanted(1, '\0');
  wanted += entry;
  wanted += '\0';
  std::string environment;
  const auto is_marked = [&](int pid) {
    read_environment(pid, environment);
    return environment.find(wanted) != std::string::npos;
  };
  while (const auto* found = ::readdir(list)) {
    const auto pid = pid_of(found->d_name);
    if (!pid || *pid == ::getpid() || !is_marked(*pid)) continue;
    auto handle = pidfd::open(*pid);
    // Another process may have got the number since. The handle's process has it now and as long as
    // it lives: if it is alive after a second look, that look was at it.
    if (!handle || !is_marked(*pid) || handle->has_exited()) continue;
    out.push_back({*pid, std::move(*handle)});
  }
  ::closedir(list);
  return out;
}

} // namespace troupe::os
