// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/poll.hpp"
#include "troupe/process/detail/output_queue.hpp"

#include <array>

namespace troupe::detail {

/// Carries what is in an `output_queue` to stdout, stderr and the sinks.
///
/// Lives in: host, thread "troupe-output". Threads: one owner. Blocks: for readers and sinks; that
/// is what it is for. Crash: nothing outside the host. Errors: counted as lines dropped.
class output_pump {
public:
  explicit output_pump(output_queue& queue) : queue_{queue} {}

  /// Until the queue ends.
  void run();

private:
  output_queue::block& block(output_way way) { return blocks_[static_cast<std::size_t>(way)]; }
  void wait();
  bool write(output_way way, int descriptor);
  void give_to_sink();
  bool call_sink(const sink_record& record);
  void tell_thrown(sink_record::kind kind, const char* what);

  output_queue& queue_;
  os::poll_set watched_;
  output_queue::blocks blocks_;
  bool was_ready_ = false;  // A descriptor, said the kernel.
  bool is_in_vain_ = false; // And then it took nothing.
  std::array<bool, 2> has_told_thrown_{};
};

} // namespace troupe::detail
