// Goal: one header is enough for a program that runs pools: whatever the docs name is in it.
// Method: this file includes it, uses each name, and includes what programs with workers of their
// own include besides.

#include <troupe/troupe.hpp>
// Both have a macro that makes names.
#include <troupe/pipeline/worker.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <cstdio>

namespace one_header {

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int shout_and_throw(int x) {
  ::dprintf(2, "shouted\n");
  throw own_error{"own " + std::to_string(x)};
}

struct table {
  int value = 0;
};
table make_table(int value) {
  return {value};
}
int look_up() {
  return troupe::worker_state<table>().value;
}

int look_up_twice(int x) {
  return x + x;
}

} // namespace one_header

TROUPE_EXCEPTION(one_header::own_error);
TROUPE_WORKER(one_header::look_up_twice);

namespace {

BOOST_AUTO_TEST_SUITE(one_header_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(sinks_waits_and_exceptions_are_reached_by_one_header) {
  std::atomic<bool> was_shouted = false;
  std::atomic<int> logs = 0;
  troupe::set_log_sink([&](std::string_view) { ++logs; });
  troupe::set_output_sink(
      [&](std::string_view name, troupe::output_stream stream, std::string_view line) {
        if (name == "header/0" && stream == troupe::output_stream::err && line == "shouted") {
          was_shouted = true;
        }
      });
  {
    troupe::pool pool{{.name = "header",
                       .replicas = 1,
                       .initializer = troupe::bind_initializer(one_header::make_table, 7)}};
    BOOST_TEST(pool.apply(one_header::look_up) == 7);
    const std::vector<troupe::future<int>> sent{pool.submit(one_header::shout_and_throw, 3)};
    const auto ended = troupe::wait(sent, troupe::when::all_completed);
    BOOST_REQUIRE(ended.done.size() == 1u);
    BOOST_CHECK_THROW(ended.done[0].get(), one_header::own_error);
    pool.close();
    pool.join();
    troupe::flush_output();
  }
  troupe::set_output_sink({});
  troupe::set_log_sink({});
  BOOST_TEST(was_shouted);
  BOOST_TEST(logs == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
