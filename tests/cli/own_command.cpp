// Part of Troupe; see LICENSE.

// A program with worker types of its own that is the whole command, as the documentation says.

#include "troupe/cli/command.hpp"
#include "troupe/pipeline/worker.hpp"

#include <cstdint>
#include <cstdlib>
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

// Says which worker had the line: slot, then how many were in the slot before.
std::string sign(const std::string& line) {
  return line + " " + std::getenv("TROUPE_REPLICA") + " " + std::getenv("TROUPE_GENERATION");
}
TROUPE_WORKER(sign);

int main(int argc, char** argv) {
  return troupe::run_command(argc, argv);
}
