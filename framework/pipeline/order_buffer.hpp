// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/packed.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace troupe::pipeline {

/// Outputs in a packed block.
struct output_block {
  std::vector<std::byte> bytes;
  packed_size size;
};

/// Holds back the outputs of inputs that were finished early until all earlier inputs are: the
/// stage with `order: preserve` gives its outputs on in the order of its inputs.
///
/// It is bounded by what the stage has in flight: the stage takes no new input while `held` is
/// large.
///
/// Lives in: host. Threads: one owner. Blocks: never.
/// Crash: nothing outside the host. Errors: none.
class order_buffer {
public:
  /// The inputs `first` .. `first + count - 1` are finished and gave `outputs` together.
  void complete(std::uint64_t first, std::uint32_t count, output_block outputs);
  /// The same for inputs whose turn it is: returns true, and the outputs may go on at once.
  [[nodiscard]] bool pass(std::uint64_t first, std::uint32_t count);
  /// The input `sequence` gave some of its outputs and goes on.
  void extend(std::uint64_t sequence, output_block outputs);
  /// Takes out what may go on now; false when the next input is still being worked on.
  bool release(output_block& into);

  /// The oldest input whose outputs were not all released.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }
  /// Outputs that wait for earlier inputs.
  [[nodiscard]] std::size_t held_outputs() const noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return held_.empty(); }

private:
  struct entry {
    std::uint32_t count = 0; // 0 while the input goes on.
    output_block outputs;
  };

  std::map<std::uint64_t, entry> held_;
  std::uint64_t next_ = 0;
  std::size_t held_bytes_ = 0;
};

} // namespace troupe::pipeline
