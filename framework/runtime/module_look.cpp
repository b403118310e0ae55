// Part of Troupe; see LICENSE.

#include "troupe/runtime/module_look.hpp"

#include "troupe/base/text.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/pool/environment.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <csignal>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

namespace troupe {

namespace {

constexpr std::size_t answer_bytes_max = std::size_t{1} << 20; // Thousands of worker types.
constexpr auto end_wait_max = std::chrono::seconds{2};         // For the exit after the answer.

using nlohmann::json;

json describe(const pipeline::worker_description& one) {
  return {{"name", one.name},
          {"role", static_cast<int>(one.role)},
          {"input", one.input_type},
          {"output", one.output_type}};
}

// Runs in the worker. The answer goes through a pipe of its own: the library may print.
int answer_for_module(std::span<os::fd> descriptors, std::span<const std::byte> argument) {
  if (descriptors.empty()) return EXIT_FAILURE;
  const std::string path{reinterpret_cast<const char*>(argument.data()), argument.size()};
  json answer;
  const auto found = pipeline::describe_module(path);
  if (found) {
    answer["workers"] = json::array();
    for (const auto& one : *found) answer["workers"].push_back(describe(one));
  } else {
    answer["error"] = found.error().message;
  }
  const auto text = answer.dump(-1, ' ', false, json::error_handler_t::replace);
  auto left = std::as_bytes(std::span{text});
  while (!left.empty()) {
    const auto written = os::write_some(descriptors.front(), left);
    if (!written) return EXIT_FAILURE; // Nobody listens any more.
    left = left.subspan(*written);
  }
  return EXIT_SUCCESS;
}

/// Hears of the worker; read by the thread that asked.
class module_worker final : public process_observer {
public:
  void on_started(std::shared_ptr<child_process> child) override {
    const std::lock_guard lock{mutex_};
    child_ = std::move(child);
    if (is_killed_) child_->signal(SIGKILL, signal_scope::group);
  }
  void on_start_failed(const failure& cause) override { end_.set_value(cause.message); }
  void on_exited(const exit_record& record) override {
    {
      const std::lock_guard lock{mutex_};
      child_.reset();
    }
    end_.set_value(end_text(record));
  }
  void on_output(output_stream, std::string_view) override {}

  void kill() {
    const std::lock_guard lock{mutex_};
    is_killed_ = true;
    if (child_) child_->signal(SIGKILL, signal_scope::group);
  }
  /// What went wrong, once it has ended; empty: nothing, or not known within the limit.
  std::string trouble() {
    auto ended = end_.get_future();
    return ended.wait_for(end_wait_max) == std::future_status::ready ? ended.get() : std::string{};
  }

private:
  // Read only when it has not answered: then this was no good end, whatever the exit code.
  static std::string end_text(const exit_record& record) {
    auto out = "it ended the process that loaded it: " + to_string(record);
    if (!record.stderr_tail.empty()) {
      out += ", its last words: " + text::shortened(record.stderr_tail.back());
    }
    return out + "; what it does when it is loaded (its global constructors) must not end it";
  }

  std::mutex mutex_;
  std::shared_ptr<child_process> child_;
  bool is_killed_ = false;
  std::promise<std::string> end_;
};

// Until the end of the pipe; nothing: the limit came first, or it is too much.
std::optional<std::string> read_answer(const os::fd& from, deadline limit) {
  std::string text;
  std::array<std::byte, 4096> block;
  os::poll_set polled;
  while (text.size() <= answer_bytes_max) {
    const auto size = os::read_some(from, block);
    if (size) {
      text.append(reinterpret_cast<const char*>(block.data()), *size);
    } else if (size.error().code != errc::would_block) {
      return text;
    } else if (limit.has_passed()) {
      return std::nullopt;
    } else {
      polled.clear();
      polled.add(from.get());
      polled.wait(limit);
    }
  }
  return std::nullopt;
}

// Written by a process that ran a user's code: anything may stand there.
std::optional<std::vector<pipeline::worker_description>> parse_workers(const json& answer) {
  const auto list = answer.find("workers");
  if (list == answer.end() || !list->is_array()) return std::nullopt;
  std::vector<pipeline::worker_description> out;
  for (const auto& one : *list) {
    const auto text = [&](const char* key) {
      const auto found = one.find(key);
      return found != one.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    const auto role = one.is_object() ? one.find("role") : one.end();
    const auto last = static_cast<unsigned>(worker_role::sink);
    if (role == one.end() || !role->is_number_unsigned() || role->get<unsigned>() > last) {
      return std::nullopt;
    }
    out.push_back({text("name"), static_cast<worker_role>(role->get<unsigned>()), text("input"),
                   text("output")});
  }
  return out;
}

} // namespace

expected<std::vector<pipeline::worker_description>> look_into_module(const std::string& path,
                                                                     deadline limit) {
  const auto environment = shared_environment();
  auto pipe = os::make_pipe(os::pipe_blocking::reader_does_not_block);
  const auto worker = std::make_shared<module_worker>();
  worker_request request;
  request.options.name = "module-check";
  request.options.out = output_mode::discard;
  request.options.err = output_mode::capture; // For its last words.
  request.entry = &answer_for_module;
  request.descriptors = {&pipe.writer};
  const auto bytes = std::as_bytes(std::span{path});
  request.argument.assign(bytes.begin(), bytes.end());
  environment->processes().start(std::move(request), worker);
  pipe.writer.reset(); // The worker's end is the only one now.
  const auto text = read_answer(pipe.reader, limit);
  if (!text) worker->kill();
  const auto answer = json::parse(text.value_or(""), nullptr, false);
  if (answer.is_object()) {
    if (const auto error = answer.find("error"); error != answer.end() && error->is_string()) {
      return failure{errc::bad_data, error->get<std::string>()};
    }
    if (auto workers = parse_workers(answer)) return *std::move(workers);
  }
  auto why = worker->trouble();
  if (!text) {
    why = "it was still being loaded when the time for that was over; what it does when it is "
          "loaded (its global constructors) must come to an end";
  } else if (why.empty()) {
    why = "it gave no answer; build it with the Troupe that loads it";
  }
  return failure{errc::bad_data, "cannot load module " + path + ": " + why};
}

} // namespace troupe
