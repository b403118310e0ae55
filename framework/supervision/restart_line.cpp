// Part of Troupe; see LICENSE.

#include "troupe/supervision/restart_line.hpp"

#include "troupe/supervision/give_up_cause.hpp"

#include <chrono>

namespace troupe {
namespace {

std::string text_of(const told_end& end) {
  auto record = end.record;
  // What one that was ready wrote went to its log.
  if (end.was_ready) record.stderr_tail.clear();
  return end_text(end.worker, end.kind, record, end.reason);
}

// A jittered pause is no round number.
std::string pause_text(duration pause) {
  using namespace std::chrono;
  if (pause < milliseconds{1}) return "at once";
  if (pause < seconds{10}) return "in " + duration_text(round<milliseconds>(pause));
  return "in " + duration_text(round<seconds>(pause));
}

std::string count_text(const told_restart& next) {
  switch (next.excuse) {
  case restart_excuse::gets_on:
    return " (not counted: the pool gets on)";
  case restart_excuse::outside:
    return " (not counted: somebody outside has killed it)";
  case restart_excuse::zygote:
    return " (not counted: it went with its zygote)";
  case restart_excuse::none:
    break;
  }
  if (next.intensity == unlimited_restarts) return {};
  return " (" + std::to_string(next.spent) + " of " + std::to_string(next.intensity) +
         " that restart.intensity allows in " + duration_text(next.period) + ")";
}

} // namespace

std::string restart_line(const told_end& end, const told_restart& next) {
  if (next.number == 0) return text_of(end) + "; tried again " + pause_text(next.pause);
  return text_of(end) + "; restart " + std::to_string(next.number) + " " + pause_text(next.pause) +
         count_text(next);
}

std::string parked_line(const told_end& end) {
  return text_of(end) + "; it is not started again";
}

std::string last_end_line(const told_end& end) {
  return text_of(end) + "; its pool gives up";
}

std::string left_out_line(std::string_view pool, std::uint64_t ends) {
  return "pool '" + std::string{pool} + "': " + std::to_string(ends) +
         (ends == 1 ? " more end of a worker was" : " more ends of workers were") +
         " not told one by one";
}

} // namespace troupe
