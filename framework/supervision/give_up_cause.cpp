// Part of Troupe; see LICENSE.

#include "troupe/supervision/give_up_cause.hpp"

#include "troupe/base/shortage.hpp"
#include "troupe/base/text.hpp"
#include "troupe/supervision/start_shortage.hpp"

#include <chrono>

namespace troupe {
namespace {

// With its last words, which are the exception's text when an initializer threw.
std::string exit_text(const exit_record& record) {
  auto text = to_string(record);
  if (!record.stderr_tail.empty())
    text += ", its last words: " + text::shortened(record.stderr_tail.back());
  return text;
}

} // namespace

std::string worker_name(std::string_view pool, slot_id slot) {
  return std::string{pool} + "/" + std::to_string(slot.value);
}

std::string duration_text(duration span) {
  using namespace std::chrono;
  if (span % seconds{1} == duration::zero()) return std::to_string(span / seconds{1}) + "s";
  if (span % milliseconds{1} == duration::zero())
    return std::to_string(span / milliseconds{1}) + "ms";
  return std::to_string(span.count()) + "ns";
}

std::string end_text(std::string_view worker, end_kind kind, const exit_record& record,
                     end_reason reason) {
  if (const auto crime = sentence_of(reason); !crime.empty())
    return "worker " + std::string{worker} + " (pid " + std::to_string(record.pid) +
           ") was killed: " + std::string{crime};
  switch (kind) {
  case end_kind::exited:
    return exit_text(record);
  case end_kind::start_timeout:
    return "worker " + std::string{worker} + " was not ready within start.timeout (" +
           to_string(record) + ")";
  case end_kind::start_failed: {
    auto text = "worker " + std::string{worker} + " could not be started";
    if (!record.stderr_tail.empty()) text += ": " + text::shortened(record.stderr_tail.back());
    return text;
  }
  }
  return to_string(record);
}

failure budget_spent(std::string_view pool, slot_id slot, end_kind kind, const exit_record& record,
                     const restart_policy& policy, end_reason reason) {
  auto text = "pool '" + std::string{pool} +
              "' gave up: " + end_text(worker_name(pool, slot), kind, record, reason) +
              ", and restart.intensity allows no more than " + std::to_string(policy.intensity()) +
              (policy.intensity() == 1 ? " restart in " : " restarts in ") +
              duration_text(policy.period()) +
              " (reached_max_restart_intensity); mend the worker, or raise restart.intensity";
  return {errc::broken, std::move(text), 0};
}

failure start_too_slow(std::string_view pool, slot_id slot, duration limit, std::uint32_t times) {
  return {errc::broken,
          "pool '" + std::string{pool} + "' gave up: worker " + worker_name(pool, slot) +
              " was not ready within start.timeout (" + duration_text(limit) + "), " +
              std::to_string(times) +
              " times in a row. Raise start.timeout, or look for what its start (a static "
              "constructor, an initializer) waits for",
          0};
}

failure starts_always_fail(std::string_view pool, slot_id slot, end_kind kind,
                           const exit_record& record, std::uint32_t starts) {
  return {errc::broken,
          "pool '" + std::string{pool} + "' gave up: " +
              end_text(worker_name(pool, slot), kind, record) + "; " + std::to_string(starts) +
              " starts in a row have failed, and none has worked. Mend the worker, or set "
              "restart.intensity",
          0};
}

std::string slow_start_line(std::string_view pool, slot_id slot, duration limit) {
  return "worker " + worker_name(pool, slot) +
         " is killed: it was not ready within start.timeout (" + duration_text(limit) +
         "); raise it if the start may take longer";
}

failure start_refused(std::string_view pool, slot_id slot, failure cause) {
  return with_context(std::move(cause), "pool '" + std::string{pool} + "' gave up: worker " +
                                            worker_name(pool, slot) + " could not be started");
}

failure start_kept_short(std::string_view pool, slot_id slot, failure cause) {
  cause.message += " (" + std::string{shortage_text(cause.os_error)} + ")";
  cause.code = errc::start_failed;
  return with_context(std::move(cause), "pool '" + std::string{pool} + "' gave up: worker " +
                                            worker_name(pool, slot) + " could not be started for " +
                                            duration_text(start_shortage::span_max));
}

failure zygotes_always_die(std::string_view pool, const zygote_deaths& deaths) {
  return {errc::broken,
          "pool '" + std::string{pool} +
              "' gave up: the zygote (the process that starts all workers) died " +
              std::to_string(deaths.count()) + " times in " +
              duration_text(std::chrono::ceil<std::chrono::seconds>(deaths.span())) +
              ", and the workers with it. Look who kills it: somebody outside, the kernel when "
              "memory is short (dmesg), or a worker that kills its parent",
          0};
}

failure supervisor_failed(std::string_view pool, std::string_view what) {
  return {errc::broken,
          "pool '" + std::string{pool} + "' gave up: its supervisor failed: " + std::string{what} +
              ". Its workers were killed; start the pool again",
          0};
}

} // namespace troupe
