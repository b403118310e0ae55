// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/ids.hpp"
#include "troupe/process/supervision_port.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace troupe {

/// Names one job posted to one slot; chosen by the poster, unique while it is unanswered.
struct job_id {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(job_id, job_id) = default;
};

/// How a worker answered a job.
enum class reply_kind : std::uint8_t {
  value, ///< The bytes are the function's result.
  error, ///< The function threw; the bytes are an encoded remote error.
};

/// How the owner of a set of slots (a pipeline stage) reaches its workers, below futures and retry:
/// jobs go to one slot, are worked on in order, and are answered in order, each at most once.
///
/// Lives in: host. Threads: the dispatcher's only. Blocks: never. Crash (of a worker): jobs without
/// an answer are told by `lane_events::on_detached`. Errors: `post` returns false.
class lane_port {
public:
  virtual ~lane_port() = default;
  /// Posts a job; `payload` is copied. False when the slot has no worker or no room: try again
  /// after the next reply or attach.
  virtual bool post(slot_id slot, job_id job, std::span<const std::byte> payload) = 0;
  /// Jobs posted to the slot and not answered.
  [[nodiscard]] virtual std::size_t in_flight(slot_id slot) const = 0;
  /// Kills the slot's worker; `on_detached` follows.
  virtual void kill(slot_id slot, end_reason reason) = 0;
};

/// What the owner of the slots hears.
///
/// Lives in: host. Threads: the dispatcher's only. Blocks: must not. Crash (of a worker): see
/// `on_detached`. Errors: must not throw.
class lane_events {
public:
  virtual ~lane_events() = default;
  /// A fresh worker is ready in the slot; it knows nothing of what its predecessor did.
  virtual void on_attached(slot_id slot, incarnation_id incarnation) = 0;
  /// An answer; `bytes` lie in memory the worker can write: read each fact once, check it, and
  /// copy what is kept. Valid during the call.
  virtual void on_reply(slot_id slot, job_id job, reply_kind kind,
                        std::span<const std::byte> bytes) = 0;
  /// The worker is gone. All its answers were given before. `running` is the job it had begun and
  /// not answered; the other unanswered ones were never begun.
  virtual void on_detached(slot_id slot, std::optional<job_id> running,
                           const exit_record& record) = 0;
  /// The slot will not be filled again: `pool_supervision` completed, parked or gave up.
  virtual void on_abandoned(slot_id slot) = 0;
};

} // namespace troupe
