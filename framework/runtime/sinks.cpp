// Part of Troupe; see LICENSE.

#include "troupe/runtime/sinks.hpp"

#include "troupe/process/output_writer.hpp"
#include "troupe/runtime/detail/current_sinks.hpp"
#include "troupe/runtime/detail/environment_claim.hpp"

#include <utility>

namespace troupe {

output_sinks& detail::current_sinks() {
  static auto& the_sinks = *new output_sinks;
  return the_sinks;
}

void set_output_sink(output_sink sink) {
  const detail::environment_claim passing{"the output sink"};
  // What was taken while the old one was set is its own.
  if (detail::current_sinks().output.is_set()) (void)output_writer::flush_all();
  detail::current_sinks().output.set(std::move(sink));
}

void set_log_sink(log_sink sink) {
  const detail::environment_claim passing{"the log sink"};
  if (detail::current_sinks().log.is_set()) (void)output_writer::flush_all();
  detail::current_sinks().log.set(std::move(sink));
}

bool flush_output() {
  const detail::environment_claim passing{"the output"};
  return output_writer::flush_all();
}

} // namespace troupe
