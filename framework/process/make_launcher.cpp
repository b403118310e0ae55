// Part of Troupe; see LICENSE.

#include "troupe/process/make_launcher.hpp"

#include "troupe/os/fork_guard.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/process/detail/host_launcher.hpp"
#include "troupe/process/detail/libraries.hpp"
#include "troupe/process/zygote.hpp"

#include <optional>
#include <system_error>
#include <utility>

namespace troupe {

namespace {

using detail::child_kind;
using detail::launch_request;

// Of the socket's message: what is left for names, environment and argv beside the argument.
constexpr std::size_t fixed_bytes_max = 1024;

std::size_t text_bytes(const detail::start_message& message) {
  std::size_t sum = fixed_bytes_max + message.options.name.size() + message.entry_home.size() +
                    message.options.working_dir.size() + message.argument.size() +
                    message.options.limits.size() * sizeof(resource_limit);
  for (const auto& [name, value] : message.options.env) sum += name.size() + value.size() + 8;
  for (const auto& word : message.argv) sum += word.size() + 4;
  return sum;
}

std::optional<failure> problem_of(const launch_request& request) {
  const auto& message = request.message;
  if (!is_host_initialised()) {
    return failure{errc::not_initialised,
                   "call troupe::init(argc, argv) first in main: workers are made by starting this "
                   "program again, and without it that would run main once more",
                   0};
  }
  if (os::this_process::is_privileged_by_file()) {
    return failure{errc::unsupported,
                   "this program runs with other rights than its user (setuid, setgid or file "
                   "capabilities); such a program cannot have workers",
                   0};
  }
  if (message.descriptor_count > detail::worker_descriptors_max) {
    return failure{errc::too_large, "more than 8 descriptors", 0};
  }
  for (const auto* descriptor : request.borrowed) {
    if (descriptor == nullptr || !*descriptor) {
      return failure{errc::bad_argument, "one of its descriptors is empty", 0};
    }
  }
  if (message.kind == child_kind::command && message.argv.empty()) {
    return failure{errc::bad_argument, "its argv is empty", 0};
  }
  if (message.kind == child_kind::worker && message.entry.packed == 0) {
    return failure{errc::bad_argument, "it has no entry function", 0};
  }
  if (message.argument.size() > launch_argument_bytes_max) {
    return failure{errc::too_large, "its argument is longer than 64 KiB", 0};
  }
  if (text_bytes(message) > detail::zygote_message_bytes_max) {
    return failure{errc::too_large, "its argv, environment and argument are longer than 100 KB", 0};
  }
  return std::nullopt;
}

// Makes the pipe of one captured stream; the reader goes to the child's record.
void capture(launch_request& request, output_mode mode, os::fd& reader, bool& is_passed) {
  if (mode != output_mode::capture) return;
  auto pipe = os::make_pipe(os::pipe_blocking::reader_does_not_block);
  reader = std::move(pipe.reader);
  request.owned.push_back(std::move(pipe.writer));
  is_passed = true;
}

void pass_surroundings(launch_request& request) {
  const auto& given = request.message.options.surroundings;
  if (!given) return;
  auto& message = request.message;
  message.has_environment = true;
  message.environment_bytes = given->environment_bytes();
  message.environment_hash = given->environment_hash();
  message.file_mode_mask = given->file_mode_mask();
  std::vector<const os::fd*> first{&given->environment()};
  message.has_directory = static_cast<bool>(given->directory());
  if (message.has_directory) first.push_back(&given->directory());
  request.borrowed.insert(request.borrowed.begin(), first.begin(), first.end());
}

class zygote_launcher final : public launcher {
public:
  zygote_launcher(os::reactor& reactor, launcher_log log, std::shared_ptr<output_tap> tap)
      : reactor_{reactor}, core_{std::make_shared<detail::host_launcher>(reactor, std::move(log),
                                                                         std::move(tap))} {}

  ~zygote_launcher() override {
    if (guard_.is_forked_copy()) {
      // The children are not ours, and nobody runs the reactor here.
      os::leak(std::move(core_));
      return;
    }
    TROUPE_ASSERT(!reactor_.is_reactor_thread());
    core_->close().wait();
    core_->stop_threads();
  }

  zygote_launcher(const zygote_launcher&) = delete;
  zygote_launcher& operator=(const zygote_launcher&) = delete;

  void start(worker_request request, std::shared_ptr<process_observer> observer) override {
    launch_request out;
    out.message.kind = child_kind::worker;
    out.message.method = request.method;
    out.message.entry = request.entry.address();
    out.message.argument = std::move(request.argument);
    out.message.descriptor_count = static_cast<std::uint8_t>(request.descriptors.size());
    out.borrowed = std::move(request.descriptors);
    const auto number = out.message.entry.packed >> detail::code_offset_bits;
    const auto library = detail::find_library(static_cast<std::uint16_t>(number));
    if (library) out.message.entry_home = detail::encode(*library);
    launch(std::move(out), std::move(request.options), std::move(observer), {}, {});
  }

  void start(command_request request, std::shared_ptr<process_observer> observer) override {
    launch_request out;
    out.message.kind = child_kind::command;
    out.message.argv = std::move(request.argv);
    launch(std::move(out), std::move(request.options), std::move(observer), std::move(request.in),
           std::move(request.out));
  }

private:
  void launch(launch_request request, process_options options,
              std::shared_ptr<process_observer> observer, os::fd in, os::fd out) {
    guard_.refuse_forked_copy("the launcher");
    auto& message = request.message;
    message.options = std::move(options);
    pass_surroundings(request);
    request.observer = std::move(observer);
    if (const auto problem = problem_of(request)) return refuse(request, *problem);
    try {
      if (out) {
        request.owned.push_back(std::move(out));
        message.has_out = true;
      } else {
        capture(request, message.options.out, request.out_reader, message.has_out);
      }
      capture(request, message.options.err, request.err_reader, message.has_err);
      message.has_in = static_cast<bool>(in);
      if (in) request.owned.push_back(std::move(in));
      core_->start(std::move(request));
    } catch (const std::system_error& problem) {
      refuse(request, {errc::start_failed, problem.what(), problem.code().value()});
    }
  }

  void refuse(const launch_request& request, failure cause) {
    cause.message = "cannot start '" + request.message.options.name + "': " + cause.message;
    reactor_.post([observer = request.observer, cause = std::move(cause)] {
      observer->on_start_failed(cause);
    });
  }

  os::reactor& reactor_;
  std::shared_ptr<detail::host_launcher> core_;
  const os::fork_guard guard_;
};

} // namespace

std::unique_ptr<launcher> make_launcher(os::reactor& reactor, launcher_log log,
                                        std::shared_ptr<output_tap> tap) {
  return std::make_unique<zygote_launcher>(reactor, std::move(log), std::move(tap));
}

} // namespace troupe
