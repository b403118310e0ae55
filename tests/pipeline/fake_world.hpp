// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/engine.hpp"
#include "troupe/pipeline/session.hpp"
#include "troupe/pool/lane_port.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// What happens to simulated workers, and how often: chances in 1000 per job.
struct fate {
  unsigned kill_before = 0; ///< Before the job was begun, or just after.
  unsigned kill_after = 0;  ///< After all side effects, before the answer.
  unsigned kill_inside = 0; ///< Per message, inside the user's code.
  unsigned refuse_post = 0; ///< The ring has no room.
  unsigned lie = 0;         ///< The worker answers with random bytes.
  unsigned garble = 0;      ///< A piece of a long job does not arrive as it was sent.
  std::uint64_t kills_max = 1000000;
};

/// The files of the simulated machine: they survive workers.
std::map<std::string, std::string>& files();

/// A test worker calls this inside its work: the simulated process may die right here.
void maybe_die();
/// The simulated process dies right here.
[[noreturn]] void die();
/// The time that simulated workers see.
void spend(std::chrono::microseconds time);

/// Simulated workers of one stage: they run the real session, and die at random.
class fake_lane final : public lane_port {
public:
  fake_lane(pipeline::stage& owner, std::mt19937_64& random, const fate& chances);

  bool post(slot_id slot, job_id job, std::span<const std::byte> payload) override;
  [[nodiscard]] std::size_t in_flight(slot_id slot) const override;
  void kill(slot_id slot, end_reason reason) override;

  /// Does one thing in some slot; false when there is nothing to do.
  bool step();
  /// A hung worker takes no job and ends only by a kill.
  void hang(slot_id slot) { slots_.at(slot.value).is_hung = true; }
  /// The slot's worker dies now and never comes back.
  void abandon(slot_id slot);
  void add_slot();
  /// Every worker dies now, as they do with their zygote.
  void kill_all();
  /// Called with each answer of a worker until it returns true: it has changed that answer, which
  /// is otherwise in good form.
  std::function<bool(pipeline::commit& value)> forge;

  /// Workers end after this many messages, as `recycle.max_messages` has them; 0: never. Set it
  /// before the first step.
  std::uint64_t quota = 0;
  std::vector<std::uint64_t> retired; ///< What each that ended so had done.
  std::uint64_t kills = 0;
  std::uint64_t garbled = 0;
  std::uint64_t starts = 0;
  end_reason last_kill_reason = end_reason::by_itself;

private:
  struct job {
    job_id id;
    std::vector<std::byte> payload;
  };
  struct fake_slot {
    std::unique_ptr<pipeline::session> worker;
    std::deque<job> jobs;
    std::uint64_t incarnation = 0;
    std::uint64_t forged_bytes = 0; ///< By which its stream of answers is longer than it knows.
    bool is_hung = false;
    bool is_killed = false;
    bool is_gone = false;
  };

  bool chance(unsigned in_1000);
  void work(slot_id id, fake_slot& slot);
  void garble(fake_slot& slot, job& next);
  void forge_answer(fake_slot& slot, std::vector<std::byte>& reply);
  bool retire(slot_id id, fake_slot& slot);
  void end(slot_id id, fake_slot& slot, std::optional<job_id> running);

  pipeline::stage* owner_;
  std::mt19937_64* random_;
  fate chances_;
  std::vector<fake_slot> slots_;
};

/// A pipeline with simulated workers and time.
class fake_world : public pipeline::pipeline_observer {
public:
  explicit fake_world(pipeline::graph_spec spec, std::uint64_t seed = 1, fate chances = {});

  /// Runs until the pipeline ends or nothing can happen any more; checks the bounds of channels
  /// on the way. Returns false when it did not end.
  bool run(std::uint64_t steps_max = 3000000);
  /// One round: pump, then one thing in one lane. False when nothing can happen.
  bool step();
  void advance_time(duration by) { now_ += by; }
  [[nodiscard]] time_point now() const { return now_; }

  [[nodiscard]] pipeline::engine& engine() { return *engine_; }
  [[nodiscard]] fake_lane& lane(std::size_t stage) { return *lanes_.at(stage); }
  [[nodiscard]] std::uint64_t kills() const;
  /// Where each stage stands, for the message of a failed test.
  [[nodiscard]] std::string report();

  void on_finished() override { ++finished; }
  void on_failed(const failure& cause) override { failures.push_back(cause.message); }
  void on_dead_letter(std::string_view, std::string_view record, bool) override {
    dead_letters.emplace_back(record);
  }

  int finished = 0;
  std::vector<std::string> failures;
  std::vector<std::string> dead_letters;

private:
  void check_bounds();

  std::mt19937_64 random_;
  std::unique_ptr<pipeline::engine> engine_;
  std::vector<std::unique_ptr<fake_lane>> lanes_;
  time_point now_{};
};

} // namespace troupe::test
