// Part of Troupe; see LICENSE.

// A program with worker types of its own that is the whole command, as the documentation says.

#include "troupe/cli/command.hpp"
#include "troupe/pipeline/worker.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

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

// Has a setting of each kind.
class label {
public:
  explicit label(const troupe::worker_config& config)
      : count_{config.number("count", 3)}, is_loud_{config.flag("loud", false)}, mark_{config.text(
                                                                                     "mark", "!")},
        names_{config.list("names")}, inner_{config.text("outer.inner", "none")} {}

  std::string operator()(const std::string& line) const {
    return line + mark_ + std::to_string(count_) + (is_loud_ ? "L" : "l") + inner_ +
           std::to_string(names_.size());
  }

private:
  std::int64_t count_;
  bool is_loud_;
  std::string mark_;
  std::vector<std::string> names_;
  std::string inner_;
};
TROUPE_WORKER(label);

int main(int argc, char** argv) {
  return troupe::run_command(argc, argv);
}
