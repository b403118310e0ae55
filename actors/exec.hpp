// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/command_child.hpp"
#include "troupe/actors/command_ends.hpp"
#include "troupe/actors/command_protocol.hpp"
#include "troupe/pipeline/any_worker.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Transform: gives each message to a command, in any language, and its answers on.
///
/// A whole batch is under way at once. When the command dies, messages with an answer are done;
/// the others are given to a new one, one by one, so that the one which kills it is found; what it
/// had not read is no delivery. How often each was delivered is reported; where one delivery is all
/// that is allowed, only one message is under way at a time.
///
/// What the command writes beside its answers is told, counted and never taken for an answer: no
/// number of a message is used twice. Replies that belong to messages by their place can only be
/// trusted until there is one too many; then the command is replaced, what it has answered since
/// its messages were taken counts as not answered, and the host is told, for what went on before
/// may be wrong. So that none is overseen, `finish` lets the command end and reads to the last
/// line. A reply that was cut off when the command failed is none.
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
  void finish(emitter& out) override;

  /// A command that gives no answer for this long is told, once: it may wait for its own buffer.
  static constexpr std::chrono::seconds silence_told_after{5};
  /// After so many lines that are no answer, the command is taken for broken and replaced.
  static constexpr std::uint32_t nonsense_max = 10;
  /// After so many commands that replied too often, the pipeline fails: it cannot come to good.
  static constexpr std::uint32_t out_of_step_max = 10;
  /// How long a command may take to end once its input has.
  static constexpr std::chrono::seconds last_word_patience{3};

private:
  /// One message of the batch.
  struct job {
    std::string_view message;
    std::optional<command_answer> answer;
    std::uint32_t deliveries = 0;
  };
  /// A message that was sent and is not answered, or was in this round.
  struct sent {
    job* of;
    std::uint64_t end; ///< Bytes that the command has been given once it has this.
  };

  void begin_round();
  void run(const std::vector<job*>& which);
  void try_once(const std::vector<job*>& which);
  void conclude_round();
  void check_sum();
  void judge_end();
  void prepare_child();
  void exchange();
  void take_lines();
  void accept(std::uint64_t id, command_answer answer, std::string_view line);
  void note_nonsense(std::string_view line, const std::string& why);
  void tell_silence();
  void note_surplus(std::string_view line);
  [[nodiscard]] bool is_cut_off();
  exit_status end_child();
  void forget_child();
  void lose_child();
  void say(const std::string& text) const;
  [[nodiscard]] bool is_answered() const;
  [[nodiscard]] std::uint64_t oldest_open() const;

  std::vector<std::string> argv_;
  std::string pool_;
  std::uint32_t replica_;
  bool may_deliver_again_;
  std::uint32_t times_out_of_step_ = 0;
  command_ends ends_;
  std::unique_ptr<command_protocol> protocol_;
  std::unique_ptr<command_child> child_;
  pipeline::trouble_counts troubles_; // Not reported yet.
  std::string last_end_;              // How the last command ended.
  // Of the present command.
  std::uint32_t nonsense_ = 0;
  bool is_out_of_step_ = false; // There was a reply too many.
  bool is_silence_told_ = false;
  std::optional<exit_status> end_;
  std::uint64_t lines_sent_ = 0; // Whole ones that its pipe took,
  std::uint64_t replies_ = 0;    // and answers it gave.
  // Of the present round. Numbers go on over rounds and commands.
  std::uint64_t first_id_ = 0;
  std::vector<sent> sent_;        // By id - first_id_.
  std::uint64_t round_begin_ = 0; // Bytes that the command had been given before.
  bool was_unread_ = false;       // The command ended, and has not seen this round.
  time_point quiet_since_{};
};

worker_entry make_exec_entry();

} // namespace troupe::actors
