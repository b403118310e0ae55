// Goal: a pool comes back whenever its zygote dies, at no cost for its budget, until zygotes die as
// fast as they are made.
// Method: a pool of pretended workers that end as if with their zygote, clock turned by hand.

#include "pool_harness.hpp"

#include "troupe/process/launcher.hpp"
#include "troupe/supervision/zygote_deaths.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(pool_zygote_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(deaths_of_zygotes_spend_no_budget_not_even_one_that_was_set) {
  auto pool = pool_harness{spec_of(2, {.intensity = 1, .period = 1h})};
  pool.start_all();
  for (const auto pause : {10ms, 20ms, 40ms, 80ms, 160ms, 250ms, 250ms, 250ms, 250ms, 250ms}) {
    for (std::uint32_t slot = 0; slot < 2; ++slot) pool.goes_with_zygote(slot);
    pool.advance(pause - 1ms);
    BOOST_TEST(pool.take().empty());
    pool.advance(1ms);
    BOOST_TEST(pool.take().size() == 2U);
    for (std::uint32_t slot = 0; slot < 2; ++slot) pool.ready(slot);
  }
  // The worker's own fault still does, and its backoff begins at its first pause.
  pool.exits(0, exit_status::killed_by(SIGSEGV));
  pool.advance(20ms);
  pool.ready(0);
  BOOST_TEST(pool.pool().causes.empty());
  pool.exits(0, exit_status::killed_by(SIGSEGV));
  BOOST_TEST(pool.pool().causes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(starts_that_end_with_their_zygote_are_no_fault_of_the_worker) {
  auto pool = pool_harness{spec_of(1, {.intensity = 0})};
  pool.start();
  for (int i = 0; i < 10; ++i) {
    pool.start_fails(0, {errc::start_failed, "the zygote died", zygote_loss_error});
    pool.advance(250ms);
  }
  pool.ready(0);
  BOOST_TEST(pool.pool().causes.empty());
}

// Neither the default budget, which counts starts, nor a set one, ends it before its time; and it
// does end, with the zygote's name.
BOOST_AUTO_TEST_CASE(zygotes_that_never_stop_dying_end_the_pool) {
  for (const bool is_set : {false, true}) {
    auto pool =
        pool_harness{spec_of(3, {.intensity = is_set ? std::optional{1000U} : std::nullopt})};
    pool.start();
    std::size_t zygotes = 0;
    for (; pool.pool().causes.empty(); ++zygotes) {
      BOOST_TEST_REQUIRE(zygotes <= zygote_deaths::row_max);
      for (std::uint32_t slot = 0; slot < 3 && pool.pool().causes.empty(); ++slot) {
        if (zygotes % 2 == 0)
          pool.goes_with_zygote(slot);
        else
          pool.start_fails(slot, {errc::start_failed, "the zygote died", zygote_loss_error});
      }
      pool.advance(250ms);
    }
    BOOST_TEST(zygotes == zygote_deaths::row_max + 1);
    BOOST_TEST(pool.pool().causes[0].message.find("the zygote") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_killed_for_what_it_did_is_not_excused_by_its_zygote) {
  auto pool = pool_harness{spec_of(1, {.intensity = 0})};
  pool.start_all();
  pool.supervision().note_reason({0}, {0}, end_reason::message_timeout);
  pool.goes_with_zygote(0);
  BOOST_TEST(pool.pool().causes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_slot_that_is_never_restarted_is_not_after_its_zygote_either) {
  auto pool = pool_harness{spec_of(2, {.policy = restart_type::temporary})};
  pool.start_all();
  pool.goes_with_zygote(0);
  BOOST_TEST(pool.state(0) == slot_state::failed);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
