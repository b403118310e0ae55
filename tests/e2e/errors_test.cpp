// Goal: what a pool throws by itself is what the docs say: a troupe::error with a code, or one of
// four others. Method: a table of misuses, each with the type, the code and a word of the text.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;
using test::wait_at_gate;

template<class... Es>
constexpr bool are_errors = (std::is_base_of_v<error, Es> && ...);
static_assert(
    are_errors<timeout_error, task_timeout_error, closed_error, cancelled_error, worker_lost,
               broken_executor, remote_error, serialization_error, forked_copy>);
static_assert(std::is_base_of_v<std::logic_error, invalid_state>);

/// "too large: ...", "invalid_state: ...": as what it arrives, and its text.
std::string thrown_by(const std::function<void()>& misuse) {
  try {
    misuse();
  } catch (const error& e) {
    return std::string{to_string(e.code())} + ": " + e.what();
  } catch (const invalid_state& e) {
    return std::string{"invalid_state: "} + e.what();
  } catch (const std::invalid_argument& e) {
    return std::string{"std::invalid_argument: "} + e.what();
  } catch (const std::system_error& e) {
    return std::string{"std::system_error: "} + e.what();
  } catch (const std::bad_alloc& e) {
    return std::string{"std::bad_alloc: "} + e.what();
  } catch (const std::exception& e) {
    return std::string{"not in the docs: "} + typeid(e).name() + ": " + e.what();
  }
  return "nothing";
}

void check(const std::string& kind, const std::string& word, const std::function<void()>& misuse) {
  const auto thrown = thrown_by(misuse);
  BOOST_TEST(thrown.starts_with(kind + ": "), thrown);
  BOOST_TEST(thrown.find(word) != std::string::npos, thrown);
}

std::size_t length_of(const std::string& text) {
  return text.size();
}
std::string text_of(std::size_t size) {
  return std::string(size, 'x');
}
std::size_t size_of_span(std::span<const std::byte> bytes) {
  return bytes.size();
}

constexpr std::size_t mib = 1 << 20;
pool_options small() {
  return {.name = "small",
          .replicas = 1,
          .max_queued = 1,
          .input_arena_bytes = mib,
          .output_arena_bytes = mib};
}

BOOST_AUTO_TEST_SUITE(errors, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(what_is_too_large_has_the_code_for_it, clean_world) {
  pool pool{small()};
  const std::string large(2 * mib, 'x');
  check("too large", "input_arena_bytes", [&] { pool.submit(length_of, large); });
  check("too large", "input_arena_bytes", [&] { (void)pool.map(length_of, {large}); });
  check("too large", "input_arena_bytes", [&] { (void)pool.loan_buffer(2 * mib); });
  check("too large", "one call",
        [&] { (void)pool.loan_buffer(std::numeric_limits<std::size_t>::max()); });
  check("too large", "output_arena_bytes", [&] { (void)pool.apply(text_of, 2 * mib); });
  check("too large", "output_arena_bytes", [&] { (void)pool.map(text_of, {2 * mib}); });
  check("too large", "output_arena_bytes", [&] {
    pool.for_each_completed(text_of, {2 * mib}, [](std::size_t, const std::string&) {});
  });
  check("too large", "output_arena_bytes",
        [&] { std::rethrow_exception(pool.submit(text_of, 2 * mib).exception()); });
}

BOOST_FIXTURE_TEST_CASE(what_the_state_does_not_allow_is_an_invalid_state, clean_world) {
  pool pool{small()};
  check("invalid_state", "call close() or terminate() before join()", [&] { pool.join(); });
  check("invalid_state", "small", [&] { pool.join(0s); });
  const future<int> empty;
  check("invalid_state", "empty", [&] { empty.get(); });
  check("invalid_state", "empty", [&] { (void)troupe::wait(std::vector{empty}); });
  check("invalid_state", "worker state", [&] { (void)worker_state<int>(); });
  check("invalid_state", "worker state", [&] { pool.apply([] { return worker_state<int>(); }); });
  const auto moved = std::move(pool);
  check("invalid_state", "moved", [&] { pool.submit(square, 1); }); // NOLINT: what is tested.
  check("invalid_state", "moved", [&] { pool.close(); });
  check("invalid_state", "moved", [&] { pool.join(); });
}

BOOST_FIXTURE_TEST_CASE(what_makes_no_sense_is_an_invalid_argument, clean_world) {
  check("std::invalid_argument", "replicas", [] { const troupe::pool none{{.replicas = 0}}; });
  pool pool{small()};
  troupe::pool other{{.replicas = 1}};
  check("std::invalid_argument", "timeout", [&] { pool.submit_with({.timeout = -1s}, square, 1); });
  check("std::invalid_argument", "max_attempts",
        [&] { pool.submit_with({.max_attempts = -1}, square, 1); });
  auto loan = pool.loan_buffer(10);
  check("std::invalid_argument", "came from", [&] { other.submit(size_of_span, std::move(loan)); });
  check("std::invalid_argument", "no condition",
        [&] { (void)troupe::wait(std::vector{pool.submit(square, 1)}, static_cast<when>(7)); });
}

BOOST_FIXTURE_TEST_CASE(what_is_full_closed_late_or_withdrawn_has_its_code, clean_world) {
  gate gate;
  pool pool{[] {
    auto options = small();
    options.max_in_flight = 1;
    return options;
  }()};
  const auto running = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto queued = pool.submit(square, 2);
  check("would block", "max_queued", [&] { pool.submit(square, 3); });
  check("timed out", "not finished", [&] { running.get_for(0s); });
  queued.cancel();
  check("cancelled", "cancelled", [&] { queued.get(); });
  gate.let_pass(1);
  check("time limit exceeded", "limit",
        [&] { pool.submit_with({.timeout = 50ms}, test::loop_for_ever).get(); });
  check("worker lost", "KILL", [&] { pool.apply(test::kill_self, SIGKILL); });
  pool.close();
  check("closed", "small", [&] { pool.submit(square, 4); });
  check("closed", "small", [&] { (void)pool.loan_buffer(10); });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
