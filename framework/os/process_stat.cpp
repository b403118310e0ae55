// Part of Troupe; see LICENSE.

#include "troupe/os/process_stat.hpp"

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr std::size_t stat_bytes_max = 2048; // 52 numbers and a name of at most 64 bytes.
constexpr int state_field = 3;               // As proc(5) counts; the first behind the name.
constexpr int exit_code_field = 52;

std::string_view field_of(std::string_view fields, int wanted) {
  for (int number = state_field; number < wanted; ++number) {
    const auto space = fields.find(' ');
    if (space == std::string_view::npos) return {};
    fields.remove_prefix(space + 1);
  }
  return fields.substr(0, fields.find_first_of(" \n"));
}

bool exists(const pidfd& handle) noexcept {
  const auto raw = handle.descriptor().get();
  return ::syscall(SYS_pidfd_send_signal, raw, 0, nullptr, 0) == 0 || errno == EPERM;
}

} // namespace

std::optional<process_stat> stat_of_process(int pid) {
  const auto path = "/proc/" + std::to_string(pid) + "/stat";
  const fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return std::nullopt;
  char text[stat_bytes_max];
  const auto size = ::read(file.get(), text, sizeof text);
  if (size <= 0) return std::nullopt;
  const std::string_view line{text, static_cast<std::size_t>(size)};
  // The name may hold anything, also brackets and spaces.
  const auto end_of_name = line.rfind(") ");
  if (end_of_name == std::string_view::npos) return std::nullopt;
  const auto fields = line.substr(end_of_name + 2);
  process_stat out;
  if (!fields.empty()) out.state = fields.front();
  const auto code = field_of(fields, exit_code_field);
  std::from_chars(code.data(), code.data() + code.size(), out.wait_status);
  return out;
}

std::optional<int> status_of_unreaped(int pid, const pidfd& handle) {
  const auto found = stat_of_process(pid);
  // Still unreaped now: so nobody else can have had its number a moment ago.
  if (!found || found->state != 'Z' || !exists(handle)) return std::nullopt;
  return found->wait_status;
}

} // namespace troupe::os
