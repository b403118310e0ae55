// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::detail {

/// Cuts a stream of bytes into lines. A line longer than the limit is given in pieces.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing shared. Errors: none.
class output_lines {
public:
  using receiver = std::function<void(std::string_view line)>;

  output_lines(std::size_t line_bytes_max, receiver on_line)
      : line_bytes_max_{line_bytes_max}, on_line_{std::move(on_line)} {}

  void feed(std::string_view bytes);
  /// The stream has ended: gives the last line if it had no end.
  void finish();

private:
  void give(std::string_view rest);

  std::size_t line_bytes_max_;
  receiver on_line_;
  std::string partial_; // A line without its end yet; never longer than the limit.
};

} // namespace troupe::detail
