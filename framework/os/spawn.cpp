// Part of Troupe; see LICENSE.

#include "troupe/os/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr auto own_image = "/proc/self/exe";
constexpr int passed_number = 3; // Of the descriptor that the new image gets.

// One line of /proc/self/maps, as far as it matters here.
struct mapped_file {
  dev_t device = 0;
  ino_t inode = 0;
  std::string path;
};

std::optional<mapped_file> file_mapped_at(std::uintptr_t address) {
  std::ifstream maps{"/proc/self/maps"};
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    unsigned long inode = 0;
    int path_at = 0;
    const int fields = std::sscanf(line.c_str(), "%lx-%lx %*s %*x %x:%x %lu %n", &begin, &end,
                                   &major_number, &minor_number, &inode, &path_at);
    if (fields < 5 || address < begin || address >= end) continue;
    return mapped_file{makedev(major_number, minor_number), inode,
                       line.substr(static_cast<std::size_t>(path_at))};
  }
  return std::nullopt;
}

// Where the program's own headers are mapped; the first entry is the program itself.
std::uintptr_t address_of_program() {
  std::uintptr_t found = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uintptr_t*>(out) = reinterpret_cast<std::uintptr_t>(info->dlpi_phdr);
        return 1;
      },
      &found);
  return found;
}

// The program's path when it was started as `ld.so ./program`: then /proc/self/exe is ld.so and
// needs the path as its argument. Empty when it was started the usual way.
std::string path_for_loader() {
  const auto program = file_mapped_at(address_of_program());
  struct stat image {};
  if (!program || ::stat(own_image, &image) != 0) return {};
  if (program->inode == image.st_ino) return {};
  struct stat mapped {};
  // Overlay file systems show other device numbers in maps: the inode of the path decides.
  if (::stat(program->path.c_str(), &mapped) != 0) return {};
  const bool is_same = mapped.st_ino == image.st_ino && mapped.st_dev == image.st_dev;
  return is_same ? std::string{} : program->path;
}

struct spawn_settings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  spawn_settings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~spawn_settings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
};

void add_stream(posix_spawn_file_actions_t& actions, int number, int source) {
  if (source == standard_streams::null) {
    ::posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0);
  } else if (source != standard_streams::inherited) {
    ::posix_spawn_file_actions_adddup2(&actions, source, number);
  }
}

// What the kernel refuses is tried without: closing what libraries have left open to programs.
enum class closing { others, nothing };

void fill(spawn_settings& settings, int passed, const standard_streams& streams, closing wanted) {
  add_stream(settings.actions, STDIN_FILENO, streams.in);
  add_stream(settings.actions, STDOUT_FILENO, streams.out);
  add_stream(settings.actions, STDERR_FILENO, streams.err);
  // dup2 onto itself clears close-on-exec in the child only.
  ::posix_spawn_file_actions_adddup2(&settings.actions, passed, passed_number);
  if (wanted == closing::others) {
    ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, passed_number + 1);
  }
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETPGROUP);
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// This environment, where `more` goes before what has the same name.
std::vector<std::string> environment_with(const environment_variables& more) {
  std::vector<std::string> out;
  for (const auto& [name, value] : more) out.push_back(name + "=" + value);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto is_same = [&](const auto& one) {
      return text.starts_with(one.first) && text.substr(one.first.size()).starts_with('=');
    };
    if (std::none_of(more.begin(), more.end(), is_same)) out.emplace_back(text);
  }
  return out;
}

// In a chroot, or a container that was made by hand, it is forgotten easily.
failure cannot_start_again(int problem) {
  if (::access("/proc/self", F_OK) == 0) {
    return system_failure("cannot start /proc/self/exe again", problem);
  }
  return system_failure("cannot start this program again: /proc is not mounted here; mount it "
                        "(mount -t proc proc /proc)",
                        problem);
}

} // namespace

expected<spawned_process> spawn_own_image(const std::string& name, const fd& descriptor,
                                          environment_variables more,
                                          const standard_streams& streams) {
  // A program with closed standard streams gets their numbers; a copy always lies above them.
  auto passed = descriptor.duplicate();
  if (!passed) return passed.error();
  std::vector<std::string> argv{program_invocation_name};
  if (auto program = path_for_loader(); !program.empty()) argv.push_back(std::move(program));
  more.emplace_back(name, std::to_string(passed_number) + ":" + std::to_string(::getpid()));
  const auto entries = environment_with(more);
  const auto environment = pointers_to(entries);
  pid_t pid = 0;
  int problem = 0;
  for (const auto wanted : {closing::others, closing::nothing}) {
    spawn_settings settings;
    fill(settings, passed->get(), streams, wanted);
    problem = ::posix_spawn(&pid, own_image, &settings.actions, &settings.attributes,
                            pointers_to(argv).data(), environment.data());
    if (problem == 0) break;
  }
  if (problem != 0) return cannot_start_again(problem);
  passed->reset(); // Its number is free for the next: few descriptors may be left.
  auto handle = pidfd::open(pid);
  if (!handle) {
    end_unheld_child(pid);
    return handle.error();
  }
  return spawned_process{pid, std::move(*handle)};
}

// Unless somebody else reaps our children, its number is its own until we do.
void end_unheld_child(int pid) noexcept {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return; // Reaped already.
  ::kill(pid, SIGKILL);
  constexpr int looks_max = 1000;
  constexpr timespec between{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int look = 0; look < looks_max; ++look) {
    const pid_t found = ::waitpid(pid, nullptr, WNOHANG);
    if (found == pid || (found < 0 && errno != EINTR)) return;
    ::nanosleep(&between, nullptr);
  }
}

int fork_single_threaded() noexcept {
  const pid_t pid = ::fork();
  return pid < 0 ? -errno : pid;
}

int replace_image(const std::string& path, const std::vector<std::string>& argv,
                  const std::vector<std::string>& environment) {
  ::execve(path.c_str(), pointers_to(argv).data(), pointers_to(environment).data());
  return errno;
}

} // namespace troupe::os
