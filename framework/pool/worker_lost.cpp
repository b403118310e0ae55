// Part of Troupe; see LICENSE.

#include "troupe/pool/worker_lost.hpp"

#include <utility>

namespace troupe {

namespace {

std::string describe(const exit_record& record, std::uint64_t task, std::uint32_t attempts) {
  auto text = "task " + std::to_string(task) + " was lost in attempt " + std::to_string(attempts) +
              ": " + to_string(record);
  for (const auto& frame : record.stack) text += "\n  " + frame;
  if (!record.stderr_tail.empty()) text += "\n  its last lines on stderr:";
  for (const auto& line : record.stderr_tail) text += "\n    " + line;
  return text;
}

} // namespace

worker_lost::worker_lost(exit_record record, std::uint64_t task, std::uint32_t attempts)
    : error{errc::worker_lost, describe(record, task, attempts)}, exit_{std::move(record)},
      task_{task}, attempts_{attempts} {}

} // namespace troupe
