// Goal: starts that take longer than they may, or fail after a long time, are told and end.
// Method: initializers that never come back, with a short start.timeout, or that fail; a budget
// that looks back no further than a moment stands for a start that takes longer than its period.

#include "e2e/told.hpp"
#include "e2e/world.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::told;

int never_comes_back() {
  for (;;) ::pause();
}

int fails() {
  throw std::runtime_error{"the model is broken"};
}

int same(int value) {
  return value;
}

auto says(const std::vector<std::string>& parts) {
  return [parts](const broken_executor& e) {
    const auto text = std::string{e.what()};
    for (const auto& part : parts)
      BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
    return true;
  };
}

BOOST_AUTO_TEST_SUITE(slow_start, *boost::unit_test::timeout(90))

BOOST_FIXTURE_TEST_CASE(third_start_that_times_out_ends_the_pool, clean_world) {
  told told;
  pool pool{{.name = "slow",
             .replicas = 1,
             .start = {.timeout = 100ms},
             .initializer = bind_call(never_comes_back)}};
  BOOST_CHECK_EXCEPTION(pool.submit(same, 1).get(), broken_executor,
                        says({"slow/0", "start.timeout (100ms)", "3 times in a row"}));
  BOOST_TEST(told.count("worker slow/0 is killed: it was not ready within start.timeout") == 3U);
}

// The budget looks back no further than a moment, and so never sees two of them.
BOOST_FIXTURE_TEST_CASE(start_that_outlasts_the_period_of_the_budget_counts, clean_world) {
  pool pool{{.replicas = 1,
             .restart = {.period = 1ns, .backoff = {.initial = {}}},
             .start = {.timeout = 100ms},
             .initializer = bind_call(never_comes_back)}};
  BOOST_CHECK_EXCEPTION(pool.submit(same, 1).get(), broken_executor,
                        says({"start.timeout", "3 times in a row"}));
}

BOOST_FIXTURE_TEST_CASE(initializer_that_fails_slowly_ends_the_pool, clean_world) {
  pool pool{{.replicas = 1,
             .restart = {.period = 1ns, .backoff = {.initial = {}}},
             .initializer = bind_call(fails)}};
  BOOST_CHECK_EXCEPTION(pool.submit(same, 1).get(), broken_executor,
                        says({"4 starts in a row have failed", "the model is broken"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
