// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/runtime/sinks.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

/// What Troupe itself says meanwhile.
class told {
public:
  told() {
    set_log_sink([this](std::string_view line) {
      const std::lock_guard lock{mutex_};
      lines_.emplace_back(line);
    });
  }
  told(const told&) = delete;
  told& operator=(const told&) = delete;
  ~told() { set_log_sink({}); }

  [[nodiscard]] std::size_t count(std::string_view part) {
    BOOST_TEST(flush_output());
    const std::lock_guard lock{mutex_};
    std::size_t number = 0;
    for (const auto& line : lines_) number += line.find(part) != std::string::npos ? 1 : 0;
    return number;
  }

private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

} // namespace troupe::test
