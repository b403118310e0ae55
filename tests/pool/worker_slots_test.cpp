// Goal: slots say how often somebody has to look at their workers, so that an idle pool does not
// wake for nothing. Method: empty slots and made-up time; no process.

#include "troupe/pool/worker_slots.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

namespace troupe {
namespace {

using namespace std::chrono_literals;

/// Nobody may call it: nothing is started here.
class no_environment final : public pool_environment {
public:
  launcher& processes() override { throw std::logic_error{"a launcher"}; }
  dispatcher& dispatch() override { throw std::logic_error{"a dispatcher"}; }
  call_runner& calls() override { throw std::logic_error{"a call runner"}; }
  supervision_factory& supervision() override { throw std::logic_error{"a supervisor"}; }
  void take_output(std::string_view, output_stream, std::string_view) override {}
  void log(std::string_view) override {}
};

BOOST_AUTO_TEST_SUITE(worker_slots_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(nobody_looks_at_slots_without_limits_of_age_or_memory) {
  no_environment environment;
  for (const auto messages_max : {0U, 5U}) {
    pool_settings settings;
    settings.recycle.messages_max = messages_max;
    worker_slots slots{settings, 3, environment};
    BOOST_TEST((slots.check_recycling(time_point{} + 1h) == time_point::max()));
  }
}

BOOST_AUTO_TEST_CASE(slots_with_limits_are_looked_at_once_a_second) {
  no_environment environment;
  for (const recycle_spec& limits : {recycle_spec{.age_max = 1h}, {.memory_max_bytes = 1000}}) {
    pool_settings settings;
    settings.recycle = limits;
    worker_slots slots{settings, 3, environment};
    const auto now = time_point{} + 1h;
    BOOST_TEST((slots.check_recycling(now) == now + 1s));
    BOOST_TEST((slots.check_recycling(now + 10ms) == now + 1s));
    BOOST_TEST((slots.check_recycling(now + 1s) == now + 2s));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_slot_has_no_current_worker) {
  no_environment environment;
  pool_settings settings;
  settings.name = "mill";
  worker_slots slots{settings, 2, environment};
  BOOST_TEST(slots.size() == 2U);
  BOOST_TEST(slots.name_of(slot_id{1}) == "mill/1");
  BOOST_TEST(!slots.is_current(slot_id{1}, incarnation_id{0}));
  BOOST_TEST(!slots.drain(slot_id{1}, incarnation_id{0}));
  BOOST_TEST(!slots[1].was_live());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
