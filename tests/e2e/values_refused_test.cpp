// Goal: a value that must not or cannot travel is an error where it was to travel, and nothing is
// called with other values than those that were sent.
// Method: types whose inspect refuses, or does not read what it wrote, in every place of a call.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"
#include "troupe/pool/worker_state.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace troupe {
namespace {

using test::clean_world;
using test::square;

/// Refuses to be sent when it is zero.
struct id {
  std::uint8_t value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, id& x) {
    if (!Inspector::is_loading && x.value == 0) return false;
    return f(x.value);
  }
};

/// Refuses to be received when it is zero.
struct guest {
  std::uint8_t value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, guest& x) {
    return f(x.value) && !(Inspector::is_loading && x.value == 0);
  }
};

/// Writes more than it reads.
struct forgetful {
  std::uint8_t value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, forgetful& x) {
    std::uint8_t more = 9;
    return f(x.value) && (Inspector::is_loading || f(more));
  }
};

using bytes = std::vector<std::uint8_t>;

std::size_t length_after(const id&, const bytes& data) {
  return data.size();
}
std::size_t length_after_guest(const guest&, const bytes& data) {
  return data.size();
}
std::size_t length_after_forgetful(const bytes& data, const forgetful&) {
  return data.size();
}
template<class T>
T make(int value) {
  T made;
  made.value = static_cast<std::uint8_t>(value);
  return made;
}
template<class T>
int value_of(const T& x) {
  return x.value;
}
int add_value(int a, const id& b) {
  return a + b.value;
}

/// A function object whose state refuses to be sent.
struct add_own {
  id own;
  int operator()(int x) const { return x + own.value; }
};

BOOST_AUTO_TEST_SUITE(values_refused, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(an_argument_that_refuses_is_an_error_of_submit, clean_world) {
  pool pool{{.replicas = 1}};
  const bytes small(10);
  const bytes large(100'000);
  for (const auto& data : {small, large}) {
    BOOST_TEST(pool.apply(length_after, make<id>(1), data) == data.size());
    BOOST_CHECK_THROW((void)pool.submit(length_after, id{}, data), serialization_error);
    BOOST_CHECK_THROW(
        (void)pool.submit([](const id&, const bytes& d) { return d.size(); }, id{}, data),
        serialization_error);
  }
  BOOST_CHECK_THROW((void)pool.submit(add_own{}, 1), serialization_error);
  BOOST_TEST(pool.apply(add_own{make<id>(2)}, 1) == 3);
  BOOST_TEST(pool.stats().submitted == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_result_that_refuses_is_an_error_of_the_task, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(make<id>, 4).value == 4);
  BOOST_CHECK_THROW((void)pool.apply(make<id>, 0), serialization_error);
  BOOST_CHECK_THROW((void)pool.apply([](int) { return std::vector<id>(3); }, 0),
                    serialization_error);
  BOOST_CHECK_THROW((void)pool.apply(
                        [](int) {
                          return std::tuple{std::string(1000, 'x'), id{}};
                        },
                        0),
                    serialization_error);
  BOOST_TEST(pool.stats().worker_exits == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_map_stops_at_what_refuses, clean_world) {
  pool pool{{.replicas = 2}};
  BOOST_CHECK_THROW((void)pool.map(make<id>, std::vector{1, 7, 0, 9}, {.chunk = 4}),
                    serialization_error);
  const auto all = pool.map(make<id>, std::vector{1, 7, 9}, {.chunk = 2});
  BOOST_TEST(all.size() == 3u);
  BOOST_TEST(all.at(1).value == 7);
  const std::vector<id> elements{make<id>(1), id{}, make<id>(3)};
  BOOST_CHECK_THROW((void)pool.map(value_of<id>, elements), serialization_error);
  BOOST_CHECK_THROW((void)pool.map(add_value, std::vector{1, 2, 3}, elements), serialization_error);
  BOOST_CHECK_THROW((void)pool.map(add_own{}, std::vector{1}), serialization_error);
  BOOST_CHECK_THROW(pool.for_each_completed(value_of<id>, elements, [](std::size_t, int) {}),
                    serialization_error);
}

BOOST_FIXTURE_TEST_CASE(an_initializer_is_refused_where_it_is_bound, clean_world) {
  BOOST_CHECK_THROW((void)bind_call(length_after, id{}, bytes(3)), serialization_error);
  BOOST_CHECK_THROW((void)bind_initializer(length_after, id{}, bytes(300)), serialization_error);
}

// Before: the function ran with what the bytes happened to mean.
BOOST_FIXTURE_TEST_CASE(arguments_that_refuse_to_be_received_fail_the_task, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_CHECK_THROW((void)pool.apply(length_after_guest, guest{}, bytes(5)), serialization_error);
  BOOST_CHECK_THROW((void)pool.map(value_of<guest>, std::vector<guest>(3)), serialization_error);
  BOOST_CHECK_THROW((void)pool.apply(make<guest>, 0), serialization_error);
  BOOST_TEST(pool.apply(square, 3) == 9);
  BOOST_TEST(pool.stats().worker_exits == 0u);
}

BOOST_FIXTURE_TEST_CASE(bytes_that_are_left_over_fail_the_task, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_CHECK_THROW((void)pool.apply(length_after_forgetful, bytes(5), make<forgetful>(1)),
                    serialization_error);
  BOOST_CHECK_THROW((void)pool.apply([](const forgetful& x) { return x.value; }, forgetful{}),
                    serialization_error);
  BOOST_CHECK_THROW((void)pool.map(value_of<forgetful>, std::vector<forgetful>(3)),
                    serialization_error);
  BOOST_CHECK_THROW((void)pool.apply(make<forgetful>, 1), serialization_error);
  BOOST_TEST(pool.stats().worker_exits == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
