// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/command_child.hpp"
#include "troupe/pipeline/any_worker.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// What a command answered to one message.
struct command_answer {
  std::vector<std::string> outputs;
  std::optional<std::string> error;
  bool is_final = false; ///< The error is not worth another attempt.
};

/// How messages and answers look as lines.
///
/// Lives in: worker. Threads: one owner. Blocks: never. Crash: nothing outside the worker.
/// Errors: message_refused for a message that cannot be a line.
class command_protocol {
public:
  virtual ~command_protocol() = default;
  /// Makes the line for message number `id`.
  virtual std::string line_of(std::string_view message, std::size_t id) = 0;
  /// Reads an answer; `next` is the oldest message without one. Returns the message it belongs to,
  /// or nothing when the line is not an answer.
  virtual std::optional<std::size_t> read(std::string_view line, std::size_t next,
                                          command_answer& into) = 0;
};

std::unique_ptr<command_protocol> make_command_protocol(const worker_config& config);

/// Transform: gives each message to a command, in any language, and its answers on.
///
/// A whole batch is under way at once. When the command dies, messages with an answer are done;
/// the others are given to a new one, one by one, so that the one which kills it is found.
///
/// Lives in: worker. Threads: one owner. Blocks: until the command has answered.
/// Crash: the command dies with the worker; its messages are tried again: at least once.
/// Errors: the command's own answers; its death fails the message it worked on.
class exec final : public pipeline::any_worker {
public:
  explicit exec(const worker_config& config);

  [[nodiscard]] bool takes_batches() const override { return true; }
  void transform_batch(pipeline::bytes_view messages, std::uint32_t count,
                       pipeline::batch_report& report) override;

private:
  using answers = std::vector<std::optional<command_answer>>;

  void run(const std::vector<std::size_t>& which, const std::vector<std::string_view>& messages,
           answers& into);
  void take_lines(std::size_t& next, answers& into);
  void note_nonsense(std::string_view line);

  std::vector<std::string> argv_;
  std::unique_ptr<command_protocol> protocol_;
  std::unique_ptr<command_child> child_;
  std::string last_end_; // How the last command ended.
  std::uint32_t nonsense_ = 0;
};

worker_entry make_exec_entry();

} // namespace troupe::actors
