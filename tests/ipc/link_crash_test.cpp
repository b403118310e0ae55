// Goal: the host knows what became of each job when a worker dies at any point, and a worker that
// lies about its answers is found out and can make the host read nothing but the regions.
// Method: both ends on one thread. A death is an end that is not called any more; lies are written
// by a second mapping of the response region.

#include "ipc/link_pair.hpp"
#include "ipc/random.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <limits>
#include <ostream>
#include <thread>

namespace troupe::ipc {

std::ostream& operator<<(std::ostream& to, answer_state state) {
  return to << std::array{"none", "ready", "corrupt"}[static_cast<std::size_t>(state)];
}
std::ostream& operator<<(std::ostream& to, job_fate fate) {
  return to << std::array{"not_begun", "begun", "answered"}[static_cast<std::size_t>(fate)];
}

namespace {

using test::job_recipe;
using test::link_pair;

constexpr std::size_t output_bytes = 65'536;

void send_job(link_pair& pair, std::uint32_t payload_bytes = 8, std::uint32_t answer_bytes = 8) {
  const job_recipe recipe{static_cast<std::uint32_t>(pair.host->tail()), payload_bytes,
                          answer_bytes};
  BOOST_REQUIRE(
      pair.send(recipe.code(), test::bytes_of(payload_bytes, recipe.code()), ~recipe.code()));
}

/// Claims the next job, which must be there.
received_job claim(link_pair& pair) {
  received_job job;
  BOOST_REQUIRE(pair.worker->next(job));
  return job;
}

answer_state state_of(host_end& host) {
  incoming_answer ignored;
  return host.oldest(ignored);
}

void exchange(link_pair& pair, std::uint64_t jobs) {
  for (std::uint64_t i = 0; i < jobs; ++i) {
    send_job(pair);
    BOOST_REQUIRE(test::answer(*pair.worker, claim(pair)));
    BOOST_REQUIRE_EQUAL(state_of(*pair.host), answer_state::ready);
    pair.host->pop();
  }
}

/// A link whose first job was begun, with a hand on what its worker writes.
struct liar {
  explicit liar(std::uint64_t jobs_before = 0) : pair{output_bytes} {
    exchange(pair, jobs_before);
    send_job(pair);
    (void)claim(pair);
  }
  response_cell& cell() { return region.cells[cell_index(pair.host->head())]; }
  /// Says that the answer is there.
  answer_state say(payload_place place, std::uint64_t size, std::uint64_t offset = 0) {
    cell().size = static_cast<std::uint32_t>(size);
    cell().place = place;
    std::memcpy(cell().data.data(), &offset, sizeof offset);
    cell().claim = make_claim(pair.host->head(), claim_state::done);
    return state_of(*pair.host);
  }

  link_pair pair;
  os::shared_memory memory =
      link_pair::map(pair.host->response_descriptor(), sizeof(response_region), true);
  response_region& region = *reinterpret_cast<response_region*>(memory.data());
};

/// What every answer must fulfil whatever the worker has written; also reads all of its bytes.
void require_within_bounds(const incoming_answer& answer, const std::byte* arena_begin) {
  BOOST_REQUIRE(answer.run_time >= duration::zero());
  BOOST_REQUIRE(answer.run_time <= host_end::run_time_max);
  if (answer.bytes.size() > body_bytes_max) {
    BOOST_REQUIRE(answer.bytes.data() >= arena_begin);
    BOOST_REQUIRE(answer.bytes.size() <= output_bytes);
    BOOST_REQUIRE(answer.bytes.data() + answer.bytes.size() <= arena_begin + output_bytes);
  }
  static std::vector<std::byte> copy;
  copy.assign(answer.bytes.begin(), answer.bytes.end());
}

BOOST_AUTO_TEST_SUITE(link_crash_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(a_death_between_jobs_begins_none) {
  link_pair pair{output_bytes};
  exchange(pair, 3 * link_cells / 2);
  const auto first = pair.host->tail();
  for (int i = 0; i < 3; ++i) send_job(pair);
  for (std::uint64_t i = 0; i < 3; ++i) {
    BOOST_TEST(pair.host->fate(first + i) == job_fate::not_begun);
    BOOST_TEST(pair.host->revoke(first + i));
    BOOST_TEST(!pair.host->revoke(first + i));
  }
  BOOST_TEST(state_of(*pair.host) == answer_state::none);
  BOOST_TEST(pair.host->head() == pair.host->tail());
}

BOOST_AUTO_TEST_CASE(a_death_after_the_claim_leaves_the_job_begun) {
  for (const bool has_written : {false, true}) {
    link_pair pair{output_bytes};
    for (int i = 0; i < 3; ++i) send_job(pair);
    BOOST_REQUIRE(test::answer(*pair.worker, claim(pair)));
    (void)claim(pair);
    if (has_written) test::fill(pair.worker->reply_room(1000), 1);
    BOOST_TEST(pair.host->fate(0) == job_fate::answered);
    BOOST_TEST(pair.host->fate(1) == job_fate::begun);
    BOOST_TEST(pair.host->fate(2) == job_fate::not_begun);
    BOOST_TEST(!pair.host->revoke(0));
    BOOST_TEST(!pair.host->revoke(1));
    BOOST_TEST(state_of(*pair.host) == answer_state::ready);
    pair.host->pop();
    BOOST_TEST(state_of(*pair.host) == answer_state::none);
    BOOST_TEST(pair.host->head() == 1u);
    // What was sent can be sent to another worker.
    BOOST_TEST(test::is_filled(pair.sent_bytes(1), 8, pair.host->code_at(1)));
    BOOST_TEST(pair.host->tag_at(2) == ~pair.host->code_at(2));
  }
}

// What the host has seen is its own, whatever the worker writes over it.
BOOST_AUTO_TEST_CASE(a_job_that_was_seen_begun_stays_begun) {
  for (const std::uint64_t jobs_before : {0u, 3u, 5000u}) {
    liar liar{jobs_before};
    auto& host = *liar.pair.host;
    send_job(liar.pair);
    BOOST_REQUIRE(state_of(host) == answer_state::none);
    BOOST_TEST(!host.has_void_claims());
    const std::uint64_t said = liar.cell().claim.exchange(0);
    BOOST_TEST(host.has_void_claims());
    BOOST_TEST(host.fate(host.head()) == job_fate::begun);
    BOOST_TEST(!host.revoke(host.head()));
    BOOST_TEST(host.fate(host.head() + 1) == job_fate::not_begun);
    liar.cell().claim = said;
    BOOST_TEST(!host.has_void_claims());
    BOOST_REQUIRE(liar.say(payload_place::in_cell, 8) == answer_state::ready);
    BOOST_TEST(host.fate(host.head()) == job_fate::answered);
    host.pop();
    BOOST_TEST(host.revoke(host.head()));
  }
}

BOOST_AUTO_TEST_CASE(claims_that_were_wiped_out_behind_the_head_are_noticed) {
  link_pair pair{output_bytes};
  const auto memory =
      link_pair::map(pair.host->response_descriptor(), sizeof(response_region), true);
  auto& region = *reinterpret_cast<response_region*>(memory.data());
  auto& host = *pair.host;
  send_job(pair);
  BOOST_TEST(!host.has_void_claims()); // The first of all has none behind it.
  BOOST_REQUIRE(test::answer(*pair.worker, claim(pair)));
  BOOST_REQUIRE(state_of(host) == answer_state::ready);
  host.pop();
  while (!host.is_full()) send_job(pair);
  BOOST_TEST(!host.has_void_claims());
  BOOST_TEST(host.revoke(host.tail() - 1)); // In the cell behind the head, one lap on.
  BOOST_TEST(!host.has_void_claims());
  region.cells[cell_index(host.head() - 1)].claim = 0;
  BOOST_TEST(host.has_void_claims());
}

// The worker counts its sleeps; one that was ended is not ended again.
BOOST_AUTO_TEST_CASE(each_sleep_is_woken_once) {
  liar liar;
  auto& host = *liar.pair.host;
  BOOST_TEST(host.prepare_wake() == nullptr);
  for (std::uint64_t sleep = 1; sleep < 4; ++sleep) {
    liar.region.sleeping = sleep;
    BOOST_TEST(host.is_asleep());
    BOOST_TEST(host.prepare_wake() != nullptr);
    BOOST_TEST(!host.is_asleep());
    BOOST_TEST(host.prepare_wake() == nullptr);
    BOOST_TEST(host.wakes() == sleep);
  }
  liar.region.sleeping = 0;
  BOOST_TEST(host.prepare_wake() == nullptr);
}

// An answer that was read is looked at again: noise may have come over it meanwhile.
BOOST_AUTO_TEST_CASE(an_answer_that_was_overwritten_while_it_was_read_no_longer_stands) {
  liar liar{2};
  auto& host = *liar.pair.host;
  BOOST_REQUIRE(liar.say(payload_place::in_cell, 8) == answer_state::ready);
  BOOST_TEST(host.is_still_answered());
  for (const auto noise :
       {std::uint64_t{0}, ~std::uint64_t{0}, make_claim(host.head(), claim_state::running),
        make_claim(host.head() + 1, claim_state::done)}) {
    liar.cell().claim = noise;
    BOOST_TEST(!host.is_still_answered());
  }
}

BOOST_AUTO_TEST_CASE(a_death_after_the_answer_counts_as_answered_rung_or_not) {
  link_pair pair{output_bytes};
  send_job(pair, 300, 5000);
  pair.host->ring_bell_at(0);
  pair.host->notify_at(0);
  const auto before = pair.host->bell().load();
  BOOST_REQUIRE(test::answer(*pair.worker, claim(pair)));
  BOOST_TEST(pair.host->bell().load() == before); // Rung by the next call, which never comes.
  BOOST_TEST(!os::event_fd{pair.host->doorbell().duplicate().value()}.clear());
  BOOST_TEST(pair.host->fate(0) == job_fate::answered);
  const auto code = pair.host->code_at(0);
  incoming_answer answer;
  BOOST_TEST(pair.host->oldest(answer) == answer_state::ready);
  BOOST_TEST(test::is_filled(answer.bytes, 5000, ~code));
  pair.host->wake_waiters();
  BOOST_TEST(pair.host->bell().load() != before);
}

// The same against a model: deaths anywhere in random work with revoked jobs, over many laps.
BOOST_AUTO_TEST_CASE(every_job_has_the_fate_the_worker_left_it) {
  test::random random;
  for (int round = 0; round < 300; ++round) {
    link_pair pair{output_bytes};
    exchange(pair, random.below(20) == 0 ? random.below(3 * link_cells) : random.below(5));
    const auto first = pair.host->tail();
    const auto jobs = 1 + random.below(40);
    std::vector<job_fate> fates(jobs, job_fate::not_begun);
    for (std::uint64_t i = 0; i < jobs; ++i)
      send_job(pair, static_cast<std::uint32_t>(random.below(300)));
    std::vector<bool> is_revoked(jobs);
    for (auto&& each : is_revoked) each = random.is_one_in(3);
    for (std::uint64_t i = 0; i < jobs; ++i) {
      if (is_revoked[i]) BOOST_REQUIRE(pair.host->revoke(first + i));
    }
    const auto left =
        static_cast<std::uint64_t>(std::count(is_revoked.begin(), is_revoked.end(), false));
    for (auto steps = random.below(2 * left + 1); steps > 0; --steps) {
      const auto job = claim(pair);
      fates[job.position - first] = job_fate::begun;
      if (--steps == 0) break;
      BOOST_REQUIRE(test::answer(*pair.worker, job));
      fates[job.position - first] = job_fate::answered;
    }
    for (std::uint64_t i = 0; i < jobs; ++i) {
      if (is_revoked[i]) continue;
      BOOST_REQUIRE_EQUAL(pair.host->fate(first + i), fates[i]);
      BOOST_REQUIRE_EQUAL(pair.host->revoke(first + i), fates[i] == job_fate::not_begun);
    }
  }
}

BOOST_AUTO_TEST_CASE(jobs_in_the_ring_come_before_the_wish_to_stop) {
  link_pair pair{output_bytes};
  for (int i = 0; i < 4; ++i) send_job(pair);
  pair.host->ask_to_stop();
  BOOST_REQUIRE(pair.host->revoke(1));
  for (const std::uint64_t position : {0u, 2u, 3u}) {
    const auto job = claim(pair);
    BOOST_TEST(job.position == position);
    BOOST_REQUIRE(test::answer(*pair.worker, job));
  }
  received_job none;
  BOOST_TEST(!pair.worker->next(none));
}

BOOST_AUTO_TEST_CASE(an_answer_larger_than_the_arena_has_no_room) {
  link_pair pair{4096};
  send_job(pair);
  (void)claim(pair);
  BOOST_TEST(pair.worker->reply_bytes_max() == 4096u);
  BOOST_TEST(pair.worker->reply_room(4097).empty());
  BOOST_TEST(pair.worker->reply_room(4096).size() == 4096u);
  BOOST_TEST(pair.worker->reply_room(4096).size() == 4096u); // The first one is given up.
  pair.worker->publish(3, 0, 0);
  incoming_answer answer;
  BOOST_TEST(pair.host->oldest(answer) == answer_state::ready);
  BOOST_TEST(answer.bytes.empty());
  BOOST_TEST(int{answer.kind} == 3);
}

BOOST_AUTO_TEST_CASE(a_worker_cannot_map_its_orders_for_writing) {
  link_pair pair{output_bytes};
  BOOST_TEST(!os::shared_memory::map(pair.host->request_descriptor(), 1, true).has_value());
}

BOOST_AUTO_TEST_CASE(forged_claims_are_corrupt) {
  for (const std::uint64_t laps : {0u, 1u, 2u}) {
    liar liar{laps * link_cells + 7 * laps};
    auto& host = *liar.pair.host;
    const auto head = host.head();
    for (const auto claim :
         {make_claim(head, claim_state::queued), make_claim(head, claim_state::revoked),
          make_claim(head, static_cast<claim_state>(4)),
          make_claim(head, static_cast<claim_state>(255)), make_claim(head + 1, claim_state::done),
          make_claim(head + link_cells, claim_state::running),
          std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63}) {
      liar.cell().claim = claim;
      BOOST_TEST(state_of(host) == answer_state::corrupt);
      BOOST_TEST(host.fate(head) == job_fate::begun);
      BOOST_TEST(!host.revoke(head));
    }
    // An older word says that it was never begun: the worker could have said so from the start.
    liar.cell().claim = 0;
    BOOST_TEST(state_of(host) == answer_state::none);
    BOOST_TEST(host.fate(head) == job_fate::not_begun);
  }
}

BOOST_AUTO_TEST_CASE(noise_over_an_answer_that_was_seen_shows_at_the_second_look) {
  liar liar;
  auto& host = *liar.pair.host;
  BOOST_TEST(liar.say(payload_place::in_body, 100) == answer_state::ready);
  BOOST_TEST(host.is_still_answered());
  liar.cell().claim = 0x0123'4567'89ab'cdef;
  BOOST_TEST(!host.is_still_answered());
}

BOOST_AUTO_TEST_CASE(forged_sizes_and_offsets_are_corrupt) {
  liar liar;
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  using enum payload_place;
  BOOST_TEST(liar.say(in_cell, inline_bytes_max) == answer_state::ready);
  BOOST_TEST(liar.say(in_cell, inline_bytes_max + 1) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_cell, huge) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_body, body_bytes_max) == answer_state::ready);
  BOOST_TEST(liar.say(in_body, body_bytes_max + 1) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_body, huge) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_arena, output_bytes) == answer_state::ready);
  BOOST_TEST(liar.say(in_arena, output_bytes + 1) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_arena, output_bytes - 63, 64) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_arena, 0, output_bytes) == answer_state::ready);
  BOOST_TEST(liar.say(in_arena, 1, output_bytes) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_arena, 0, output_bytes + 64) == answer_state::corrupt);
  BOOST_TEST(liar.say(in_arena, 64, huge - 63) == answer_state::corrupt); // The sum would be 0.
  BOOST_TEST(liar.say(in_arena, 8, 7) == answer_state::corrupt);
  BOOST_TEST(liar.say(static_cast<payload_place>(3), 0) == answer_state::corrupt);
  BOOST_TEST(liar.say(static_cast<payload_place>(255), 0) == answer_state::corrupt);
  liar.cell().run_time_ns = huge;
  incoming_answer answer;
  BOOST_TEST(liar.say(in_cell, 0) == answer_state::ready);
  BOOST_TEST(liar.pair.host->oldest(answer) == answer_state::ready);
  BOOST_TEST(answer.run_time.count() == duration{host_end::run_time_max}.count());
}

// A worker that goes on lying while the host works.
BOOST_AUTO_TEST_CASE(a_region_that_changes_all_the_time_harms_nobody) {
  liar liar;
  auto& host = *liar.pair.host;
  incoming_answer answer;
  BOOST_REQUIRE(liar.say(payload_place::in_arena, 0) == answer_state::ready);
  BOOST_REQUIRE(host.oldest(answer) == answer_state::ready);
  const auto* const arena_begin = answer.bytes.data();
  test::random random;
  std::atomic<bool> is_over{false};
  // A mapping of its own, as a process would have: what it does there is no race of this program.
  const auto memory =
      link_pair::map(liar.pair.host->response_descriptor(), sizeof(response_region), true);
  auto& region = *reinterpret_cast<response_region*>(memory.data());
  std::thread forger{[&, mine = test::random{random.next()}]() mutable {
    while (!is_over) {
      const auto word = mine.below(link_cells * sizeof(response_cell) / 8 + 24);
      const auto position = mine.below(8 * link_cells);
      const auto value = mine.next() >> mine.below(64);
      reinterpret_cast<std::atomic<std::uint64_t>*>(memory.data())[word] = value;
      region.cells[cell_index(position)].claim = make_claim(position, claim_state::done);
    }
  }};
  std::uint64_t accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    while (!host.is_full() && random.is_one_in(2)) send_job(liar.pair);
    host.wake_if_asleep();
    const auto position = host.tail() - 1 - random.below(10);
    if (host.tail() > host.head() + 10) (void)host.revoke(position);
    (void)host.fate(host.head());
    host.ring_bell_at(host.head());
    // An answer that is good at first sight, while the forger goes on.
    (void)liar.say(static_cast<payload_place>(random.below(3)), random.size_up_to(2 * output_bytes),
                   random.size_up_to(2 * output_bytes) & ~std::uint64_t{63});
    if (host.oldest(answer) != answer_state::ready) continue;
    require_within_bounds(answer, arena_begin);
    host.pop();
    ++accepted;
  }
  is_over = true;
  forger.join();
  BOOST_TEST_MESSAGE(accepted << " lies were accepted");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::ipc
