// Part of Troupe; see LICENSE.

#include "troupe/process/detail/orphan_book.hpp"

#include "troupe/os/children.hpp"
#include "troupe/os/process_mark.hpp"
#include "troupe/os/this_process.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t number_digits = 16;

std::optional<std::uint64_t> number_of(std::string_view text) noexcept {
  std::uint64_t out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, out, 16);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return out;
}

} // namespace

std::string owner_value_of_zygote(const std::string& mark) {
  return mark + ":" + std::string(number_digits, '0');
}

void take_owner_number(std::uint64_t id) noexcept {
  char* const value = std::getenv(owner_variable);
  char* const colon = value != nullptr ? std::strchr(value, ':') : nullptr;
  if (colon == nullptr || std::strlen(colon + 1) != number_digits) return; // Somebody's own.
  char digits[number_digits + 1] = {};
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(id));
  std::memcpy(colon + 1, digits, number_digits);
}

orphan_book::orphan_book() {
  const char* const value = std::getenv(owner_variable);
  const std::string_view text{value != nullptr ? value : ""};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return;
  beginning_ = std::string{owner_variable} + "=" + std::string{text.substr(0, colon + 1)};
}

void orphan_book::look(const std::function<bool(int pid)>& is_own) {
  if (beginning_.empty()) return;
  for (const int pid : os::this_process::children()) {
    if (is_own(pid) || orphans_.contains(pid)) continue;
    const auto number = number_of(os::environment_entry_of(pid, beginning_));
    if (number && *number != 0) orphans_[pid].owner = *number;
  }
}

bool orphan_book::ask(std::uint64_t owner, int group, int signal) {
  bool is_any = false;
  for (auto& [pid, entry] : orphans_) {
    if (entry.owner != owner) continue;
    is_any = true;
    if (std::exchange(entry.is_asked, true) || os::group_of_child(pid) == group) continue;
    os::signal_child(pid, signal);
    os::signal_child(pid, SIGCONT);
  }
  return is_any;
}

std::size_t orphan_book::kill_ownerless(const std::function<bool(std::uint64_t owner)>& is_there) {
  std::size_t killed = 0;
  for (auto& [pid, entry] : orphans_) {
    if (is_there(entry.owner)) continue;
    os::signal_child(pid, SIGKILL);
    if (!std::exchange(entry.is_killed, true)) ++killed;
  }
  return killed;
}

} // namespace troupe::detail
