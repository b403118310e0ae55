// Goal: a worker is stopped the way its spec says, harder and harder, and never given up before it
// has exited.
// Method: climb the pure ladder by hand.

#include "troupe/supervision/stop_ladder.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

using namespace std::chrono_literals;

const auto nothing = stop_step{};
const auto final_signal = stop_step{stop_action::signal_final, std::nullopt};
const auto term_10s = stop_step{stop_action::signal_first, 10s};

stop_spec draining(duration drain) {
  auto spec = stop_spec{};
  spec.drain = drain;
  return spec;
}

BOOST_AUTO_TEST_SUITE(stop_ladder_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(full_ladder_drains_signals_and_kills) { // Cases 36 and 37.
  auto ladder = stop_ladder{draining(5s)};
  BOOST_TEST((ladder.begin(stop_mode::drain) == stop_step{stop_action::drain, 5s}));
  BOOST_TEST((ladder.on_timeout() == term_10s));
  BOOST_TEST((ladder.on_timeout() == final_signal));
  BOOST_TEST((ladder.on_timeout() == nothing)); // It waits for the exit, however long.
}

BOOST_AUTO_TEST_CASE(drained_worker_is_signalled_at_once) {
  auto ladder = stop_ladder{draining(5s)};
  BOOST_TEST((ladder.begin(stop_mode::drain).action == stop_action::drain));
  BOOST_TEST((ladder.on_drained() == term_10s));
  BOOST_TEST((ladder.on_drained() == nothing));
}

BOOST_AUTO_TEST_CASE(without_drain_time_the_signal_comes_first) {
  BOOST_TEST((stop_ladder{stop_spec{}}.begin(stop_mode::drain) == term_10s));
  BOOST_TEST((stop_ladder{draining(5s)}.begin(stop_mode::quick) == term_10s));
  BOOST_TEST((stop_ladder{draining(5s)}.begin(stop_mode::kill) == final_signal));
}

BOOST_AUTO_TEST_CASE(brutal_kill_skips_everything) { // Case 38.
  auto spec = draining(5s);
  spec.is_brutal_kill = true;
  BOOST_TEST((stop_ladder{spec}.begin(stop_mode::drain) == final_signal));
  BOOST_TEST((stop_ladder{spec}.begin(stop_mode::quick) == final_signal));
}

BOOST_AUTO_TEST_CASE(infinity_waits_without_a_timer_but_can_be_hardened) { // Case 38.
  auto spec = stop_spec{};
  spec.timeout = std::nullopt;
  auto ladder = stop_ladder{spec};
  BOOST_TEST(
      (ladder.begin(stop_mode::quick) == stop_step{stop_action::signal_first, std::nullopt}));
  BOOST_TEST((ladder.harden(stop_mode::quick) == nothing));
  BOOST_TEST((ladder.harden(stop_mode::kill) == final_signal));
  BOOST_TEST((ladder.harden(stop_mode::kill) == nothing));
}

BOOST_AUTO_TEST_CASE(harder_modes_shorten_the_drain) {
  auto quick = stop_ladder{draining(5s)};
  (void)quick.begin(stop_mode::drain);
  BOOST_TEST((quick.harden(stop_mode::drain) == nothing));
  BOOST_TEST((quick.harden(stop_mode::quick) == term_10s));
  BOOST_TEST((quick.harden(stop_mode::drain) == nothing)); // Never softer again.

  auto kill = stop_ladder{draining(5s)};
  (void)kill.begin(stop_mode::drain);
  BOOST_TEST((kill.harden(stop_mode::kill) == final_signal));
}

BOOST_AUTO_TEST_CASE(recycling_waits_for_the_work_in_hand) {
  for (auto spec : {stop_spec{}, draining(5s)}) {
    for (const bool is_brutal : {false, true}) {
      spec.is_brutal_kill = is_brutal;
      auto ladder = stop_ladder{spec};
      BOOST_TEST((ladder.begin_recycling() == stop_step{stop_action::drain, std::nullopt}));
      BOOST_TEST((ladder.on_timeout() == nothing));
      BOOST_TEST((ladder.on_drained() == (is_brutal ? final_signal : term_10s)));
    }
  }
}

BOOST_AUTO_TEST_CASE(stop_limits_the_drain_of_a_recycling_worker) {
  auto with_drain = stop_ladder{draining(5s)};
  (void)with_drain.begin_recycling();
  BOOST_TEST((with_drain.harden(stop_mode::drain) == stop_step{stop_action::limit_drain, 5s}));
  BOOST_TEST((with_drain.on_timeout() == term_10s));

  auto without = stop_ladder{stop_spec{}};
  (void)without.begin_recycling();
  BOOST_TEST((without.harden(stop_mode::drain) == term_10s));
}

BOOST_AUTO_TEST_CASE(one_ladder_serves_many_incarnations) {
  auto ladder = stop_ladder{draining(5s)};
  (void)ladder.begin(stop_mode::kill);
  BOOST_TEST((ladder.begin_recycling().action == stop_action::drain));
  BOOST_TEST((ladder.on_drained() == term_10s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
