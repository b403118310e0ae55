// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_child.hpp"

#include "troupe/os/executable.hpp"
#include "troupe/os/limits.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/signals.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/process/detail/executed_child.hpp"
#include "troupe/process/detail/libraries.hpp"
#include "troupe/process/detail/orphan_book.hpp"
#include "troupe/process/detail/tree_sweeper.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr std::size_t report_text_max = 4000; // Less than PIPE_BUF with the number before it.

[[noreturn]] void refuse(const child_start& start, const std::string& text, int os_error) {
  auto shown = os_error == 0 ? text : text + ": " + std::generic_category().message(os_error);
  shown.resize(std::min(shown.size(), report_text_max));
  std::vector<std::byte> bytes(sizeof os_error);
  std::memcpy(bytes.data(), &os_error, sizeof os_error);
  const auto* letters = reinterpret_cast<const std::byte*>(shown.data());
  bytes.insert(bytes.end(), letters, letters + shown.size());
  if (start.report) {
    static_cast<void>(os::write_some(start.report, bytes));
  } else {
    std::fprintf(stderr, "troupe: worker %s: %s\n", start.message.options.name.c_str(),
                 shown.c_str());
  }
  ::_exit(EXIT_FAILURE);
}

// Moves the standard streams to their numbers; leaves the worker's own descriptors.
void take_streams(child_start& start) {
  namespace self = os::this_process;
  std::size_t next = 0;
  const auto take = [&](int number, bool is_passed, output_mode mode) {
    if (is_passed) {
      self::set_standard_stream(number, start.descriptors[next++].get());
    } else if (mode == output_mode::discard) {
      self::set_standard_stream_to_null(number);
    }
  };
  const auto& message = start.message;
  take(STDOUT_FILENO, message.has_out, message.options.out);
  take(STDERR_FILENO, message.has_err, message.options.err);
  // The zygote's own stdin is /dev/null already.
  take(STDIN_FILENO, message.has_in, output_mode::inherit);
  if (message.has_environment) start.environment = std::move(start.descriptors[next++]);
  if (message.has_directory) start.directory = std::move(start.descriptors[next++]);
  start.descriptors.erase(start.descriptors.begin(),
                          start.descriptors.begin() + static_cast<std::ptrdiff_t>(next));
  if (!message.has_last_words) return;
  auto memory = os::shared_memory::map(start.descriptors.back(), last_words_bytes, true);
  if (memory) start.last_words = std::move(*memory);
  start.descriptors.pop_back();
}

void close_others(const child_start& start) {
  if (start.pages == nullptr) return;
  std::vector<int> kept{start.report.get(), start.environment.get(), start.directory.get()};
  for (const auto& descriptor : start.descriptors) kept.push_back(descriptor.get());
  os::this_process::close_all_but(kept);
  start.pages->keep_only(start.page);
}

void prepare_last_words(const child_start& start) {
  if (start.pages != nullptr) return start.pages->install_handlers(start.page);
  if (!start.last_words) return;
  prepare_unwinding();
  write_module_places(start.last_words.bytes());
  crash_arena::install_handlers_at(start.last_words.data());
}

// Environment, working directory and umask of the host as they were when the owner was made. Most
// often the zygote's are the same.
void take_surroundings(child_start& start) {
  const auto& message = start.message;
  const auto is_same = [&] {
    return os::hash_of_environment(os::environment_text(os::own_variables)) ==
           message.environment_hash;
  };
  if (start.environment && !is_same()) {
    const auto value_of = [](const char* name) {
      const char* const value = std::getenv(name);
      return std::string{value != nullptr ? value : ""};
    };
    const auto mark = value_of(tree_variable);
    const auto owner = value_of(owner_variable);
    const int problem = os::take_environment(start.environment,
                                             static_cast<std::size_t>(message.environment_bytes));
    if (problem != 0) refuse(start, "cannot take the host's environment", problem);
    if (!mark.empty()) ::setenv(tree_variable, mark.c_str(), 1);
    if (!owner.empty()) ::setenv(owner_variable, owner.c_str(), 1);
  }
  if (start.directory) {
    const int problem = os::enter_directory(start.directory);
    if (problem != 0) refuse(start, "cannot enter the host's working directory", problem);
  }
  if (message.file_mode_mask) os::take_file_mode_mask(*message.file_mode_mask);
  start.environment.reset();
  start.directory.reset();
}

void take_environment(const process_options& options) {
  if (options.clear_env) ::clearenv();
  for (const auto& [name, value] : options.env) ::setenv(name.c_str(), value.c_str(), 1);
}

void take_working_dir(const child_start& start) {
  const auto& path = start.message.options.working_dir;
  if (path.empty() || ::chdir(path.c_str()) == 0) return;
  refuse(start, "cannot enter its working_dir '" + path + "'", errno);
}

void take_limits(const child_start& start) {
  for (const auto& limit : start.message.options.limits) {
    if (const int problem = os::set_limit(limit.resource, limit.soft, limit.hard)) {
      const std::string name{os::limit_name_of(limit.resource)};
      refuse(start, "cannot set its limit '" + name + "' to " + std::to_string(limit.soft),
             problem);
    }
  }
}

// Never inlined: its name ends the stacks that people see.
[[gnu::noinline]] int call_entry(child_start& start) {
  auto& message = start.message;
  auto entry = decltype(worker_request::entry){message.entry};
  if (const auto library = decode_library(message.entry_home)) learn_library(*library);
  decltype(entry)::pointer function = nullptr;
  try {
    function = entry.require();
  } catch (const std::exception& problem) {
    refuse(start, problem.what(), 0);
  }
  prepare_last_words(start);
  os::unblock_all_signals();
  start.report.reset(); // The zygote reads the end of the pipe: started.
  try {
    return function(start.descriptors, message.argument);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "troupe: worker %s: uncaught exception: %s\n",
                 message.options.name.c_str(), problem.what());
  } catch (...) {
    std::fprintf(stderr, "troupe: worker %s: uncaught exception of unknown type\n",
                 message.options.name.c_str());
  }
  return EXIT_FAILURE;
}

[[noreturn]] void run_command(child_start& start) {
  const auto& argv = start.message.argv;
  const auto found = os::find_executable(argv.front());
  if (!found.problem.empty()) refuse(start, found.problem, 0);
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    environment.emplace_back(*entry);
  }
  os::unblock_all_signals();
  // What static constructors have opened is not for it; a thread of theirs may still use it.
  os::this_process::close_all_at_exec();
  const int problem = os::replace_image(found.path, argv, environment);
  refuse(start, os::explain_exec_failure(found.path, problem), problem);
}

} // namespace

bool needs_report(const start_message& message) {
  return message.kind == child_kind::command || !message.options.working_dir.empty() ||
         !message.options.limits.empty() || resolve_code(message.entry) == nullptr;
}

void run_child(child_start start) {
  namespace self = os::this_process;
  self::signal_at_parent_death(SIGKILL);
  // The zygote may have died before that call: the end is the same.
  if (self::parent_pid() != start.zygote_pid) std::raise(SIGKILL);
  self::lead_own_group();
  take_owner_number(start.message.id);
  take_streams(start);
  close_others(start);
  take_surroundings(start);
  take_environment(start.message.options);
  take_working_dir(start);
  take_limits(start);
  if (start.message.kind == child_kind::command) run_command(start);
  self::set_name(start.message.options.name);
  // Normal exit: static objects are destroyed and stdio is flushed, as after main.
  std::exit(call_entry(start));
}

start_report parse_report(std::span<const std::byte> bytes) {
  start_report out;
  if (bytes.size() < sizeof out.os_error) return out;
  std::memcpy(&out.os_error, bytes.data(), sizeof out.os_error);
  const auto text = bytes.subspan(sizeof out.os_error);
  out.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
  return out;
}

} // namespace troupe::detail
