// Goal: the table and the JSON at the end say the same, and what a service has no numbers for is
// left blank.
// Method: a made-up outcome goes in, text comes out.

#include "troupe/cli/report.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {
namespace {

run_outcome make_outcome() {
  run_outcome out;
  out.view.name = "shop";
  out.view.state = "finished";
  out.view.elapsed_ms = 2000;
  control::pool_view source;
  source.name = "in";
  source.role = "source";
  source.replicas = 1;
  source.messages.out = 1000;
  control::pool_view service;
  service.name = "api";
  service.role = "service";
  service.replicas = 2;
  service.restarts = 3;
  service.slots = {
      {.replica = 0, .state = "ready", .is_ready = true, .pid = 7},
      {.replica = 1,
       .state = "backoff",
       .restarts = 3,
       .since_ms = 1500,
       .exit = control::exit_view{.code = std::nullopt, .signal = "SEGV", .reason = "signal"}}};
  out.view.pools = {source, service};
  out.finished_messages = 1000;
  return out;
}

BOOST_AUTO_TEST_SUITE(report_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(the_summary_has_a_row_for_each_pool) {
  BOOST_TEST(summary(make_outcome()) ==
             "pool  role     workers  in   out  restarts  retries  dead letters  errors\n"
             "in    source         1   -  1000         0        0             0       0\n"
             "api   service        2   -     -         3        -             -       -\n"
             "shop: done after 2.0s, 1000 messages, 500/s\n");
}

BOOST_AUTO_TEST_CASE(the_summary_tells_kills_and_losses) {
  auto outcome = make_outcome();
  outcome.has_chaos = true;
  outcome.view.kills = 4;
  outcome.view.pools[0].messages.dead_letters = 5;
  BOOST_TEST(summary(outcome).ends_with(", 5 given up, 4 workers killed\n"));
}

BOOST_AUTO_TEST_CASE(json_has_the_cause_and_the_exit_code) {
  auto outcome = make_outcome();
  outcome.code = exit_code::failed;
  outcome.cause = failure{errc::broken, "it \"broke\" \xff", 0};
  const auto text = outcome_json(outcome);
  BOOST_TEST(text.starts_with(R"({"result":"finished","exit_code":1,"cause":{"code":"broken",)"));
  BOOST_TEST(text.find(R"("message":"it \"broke\" )") != std::string::npos);
  BOOST_TEST(text.find(R"("messages":1000,"messages_per_second":500.0)") != std::string::npos);
  BOOST_TEST(text.find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(status_has_a_line_for_each_worker) {
  auto view = make_outcome().view;
  view.pid = 42;
  view.state = "running";
  BOOST_TEST(status_table(view) == "shop (pid 42): running for 2.0s\n"
                                   "worker  state    pid  since  restarts  last exit\n"
                                   "api/0   ready      7   0.0s         0  -\n"
                                   "api/1   backoff    -   1.5s         3  signal SEGV\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::cli
