// Goal: a status survives the way over the socket, and "as wanted" is not said too early.
// Method: values there and back; each state of a slot.

#include "troupe/control/status.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::control {
namespace {

pool_view make_pool(std::vector<slot_view> slots) {
  pool_view pool;
  pool.name = "api";
  pool.role = "transform";
  pool.replicas = static_cast<std::uint32_t>(slots.size());
  pool.slots = std::move(slots);
  return pool;
}

slot_view slot_in(const std::string& state) {
  slot_view slot;
  slot.state = state;
  slot.is_ready = state == "ready";
  return slot;
}

BOOST_AUTO_TEST_SUITE(status_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(everything_survives_the_way) {
  auto pool = make_pool({slot_in("ready"), slot_in("backoff")});
  pool.restarts = 7;
  pool.messages = {.in = 1,
                   .done = 2,
                   .out = 3,
                   .in_flight = 4,
                   .retries = 5,
                   .errors = 6,
                   .timeouts = 7,
                   .workers_lost = 8,
                   .protocol_errors = 9,
                   .surplus_lines = 12,
                   .dead_letters = 10,
                   .dropped = 11};
  pool.slots[0].pid = 4711;
  pool.slots[0].generation = 3;
  pool.slots[1].replica = 1;
  pool.slots[1].restarts = 2;
  pool.slots[1].since_ms = 1234;
  pool.slots[1].exit = exit_view{.code = 3, .signal = "", .reason = "exit"};
  const troupe_view sent{.name = "shop",
                         .file = "a.yaml",
                         .pid = 42,
                         .state = "running",
                         .elapsed_ms = 99,
                         .kills = 1,
                         .pools = {pool}};
  const auto got = troupe_from_json(to_json(sent));
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(to_json(*got) == to_json(sent));
  BOOST_TEST(got->pools[0].messages.dropped == 11U);
  BOOST_TEST(got->pools[0].slots[1].exit->code.value() == 3);
  BOOST_TEST(got->pools[0].slots[0].pid == 4711);
}

BOOST_AUTO_TEST_CASE(other_versions_are_understood) {
  const auto got = troupe_from_json(R"({"name":"x","new":{},"pools":[{"name":"p","slots":[{}]}]})");
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(got->pools[0].slots.size() == 1U);
  for (const auto* text : {"", "[1]", "7", R"({"name":7})", R"({"pools":[{"slots":7}]})"}) {
    BOOST_TEST(!troupe_from_json(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(bytes_of_a_file_name_do_not_break_the_json) {
  troupe_view view;
  view.file = "\xff.yaml";
  BOOST_TEST(troupe_from_json(to_json(view)).has_value());
}

BOOST_AUTO_TEST_CASE(as_wanted_means_every_slot) {
  BOOST_TEST(is_as_wanted(make_pool({slot_in("ready"), slot_in("completed")})));
  for (const auto* state : {"stopped", "starting", "backoff", "stopping", "failed", ""}) {
    BOOST_TEST(!is_as_wanted(make_pool({slot_in("ready"), slot_in(state)})), state);
  }
  auto unknown = make_pool({slot_in("ready")});
  unknown.replicas = 2; // Nobody could say how the second one is.
  BOOST_TEST(!is_as_wanted(unknown));
  auto finished = make_pool({slot_in("stopped")});
  finished.is_finished = true;
  BOOST_TEST(is_as_wanted(finished));
  troupe_view busy;
  BOOST_TEST(!is_as_wanted(busy)); // Its host did not even say which pools there are.
  busy.pools = {finished};
  BOOST_TEST(is_as_wanted(busy));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::control
