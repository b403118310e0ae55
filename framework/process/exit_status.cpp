// Part of Troupe; see LICENSE.

#include "troupe/process/exit_status.hpp"

#include "troupe/process/detail/frame_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>

#include <sys/wait.h>

namespace troupe {

namespace {

// "#1 void run<int>(job&) at /src/app/run.cpp:7" -> "run<int> (run.cpp:7)".
std::string short_frame(std::string_view frame) {
  const auto [name, place] = detail::parse_frame(frame);
  std::string out{name};
  if (place.empty()) return out;
  const auto slash = place.rfind('/');
  out += " (";
  out += slash == std::string_view::npos ? place : place.substr(slash + 1);
  return out + ")";
}

// The innermost frame that is the user's: with a source line, and no template of the standard
// library, which says less than who called it.
std::string where(const std::vector<std::string>& stack) {
  const auto has_line = [](const std::string& frame) {
    return !detail::parse_frame(frame).place.empty();
  };
  const auto is_foreign = [](const std::string& frame) {
    const auto name = detail::parse_frame(frame).name;
    return name.starts_with("std::") || name.starts_with("__gnu_cxx::");
  };
  const auto first_with = [&](auto&& is_wanted) {
    const auto found = std::find_if(stack.begin(), stack.end(), is_wanted);
    return found == stack.end() ? std::string{} : short_frame(*found);
  };
  auto out = first_with([&](const auto& frame) { return has_line(frame) && !is_foreign(frame); });
  if (out.empty()) out = first_with(has_line);
  if (out.empty()) out = first_with([&](const auto& frame) { return !is_foreign(frame); });
  return out.empty() && !stack.empty() ? short_frame(stack.front()) : out;
}

std::optional<int> number_of(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> realtime_signal(std::string_view name) {
  if (name == "RTMIN") return SIGRTMIN;
  if (name == "RTMAX") return SIGRTMAX;
  const bool is_from_min = name.starts_with("RTMIN+");
  if (!is_from_min && !name.starts_with("RTMAX-")) return std::nullopt;
  const auto offset = number_of(name.substr(6));
  if (!offset || *offset < 0 || *offset > SIGRTMAX - SIGRTMIN) return std::nullopt;
  return is_from_min ? SIGRTMIN + *offset : SIGRTMAX - *offset;
}

} // namespace

exit_status from_wait_status(int wait_status) noexcept {
  if (WIFEXITED(wait_status)) return exit_status::exited_with(WEXITSTATUS(wait_status));
  if (!WIFSIGNALED(wait_status)) return exit_status::unknown();
  return exit_status::killed_by(WTERMSIG(wait_status), WCOREDUMP(wait_status));
}

std::string to_string(exit_status status) {
  if (const auto code = status.code()) return "exit code " + std::to_string(*code);
  if (const auto signal = status.signal()) {
    return "signal " + signal_name(*signal) + (status.has_core() ? " (core dumped)" : "");
  }
  return "unknown exit";
}

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    return signal == SIGRTMIN ? "RTMIN" : "RTMIN+" + std::to_string(signal - SIGRTMIN);
  }
  const char* name = signal > 0 ? ::sigabbrev_np(signal) : nullptr;
  return name != nullptr ? name : std::to_string(signal);
}

std::optional<int> signal_from_name(std::string_view text) {
  if (const auto number = number_of(text)) {
    return *number > 0 && *number <= SIGRTMAX ? number : std::nullopt;
  }
  std::string name{text};
  for (auto& letter : name) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    if (const char* known = ::sigabbrev_np(signal); known != nullptr && name == known)
      return signal;
  }
  if (name == "IOT") return SIGABRT;
  if (name == "CLD") return SIGCHLD;
  return realtime_signal(name);
}

bool is_killed_from_outside(exit_status status) noexcept {
  constexpr std::array signals{SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  return status.signal() &&
         std::find(signals.begin(), signals.end(), *status.signal()) != signals.end();
}

std::string to_string(const exit_record& record) {
  std::string out = "worker " + record.name + " (pid " + std::to_string(record.pid) + ") ";
  if (record.status.is_unknown()) return out + "is gone, nobody could read how";
  if (record.status.code()) return out + "ended with " + to_string(record.status);
  out += "died of " + to_string(record.status);
  const auto place = where(record.stack);
  return place.empty() ? out : out + " in " + place;
}

} // namespace troupe
