// Part of Troupe; see LICENSE.

// A program with worker types of its own that is the whole command, as the documentation says.

#include "troupe/cli/command.hpp"
#include "troupe/pipeline/worker.hpp"

#include <cstdint>
#include <string>

struct point {
  std::int64_t x = 0;
  std::string label;
};

point to_point(const std::string& line) {
  return {std::stoll(line), "p" + line};
}
TROUPE_WORKER(to_point);

std::string from_point(const point& from) {
  return from.label + "=" + std::to_string(from.x);
}
TROUPE_WORKER(from_point);

int main(int argc, char** argv) {
  return troupe::run_command(argc, argv);
}
