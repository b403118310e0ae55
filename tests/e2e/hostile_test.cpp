// Goal: whatever a worker writes where it may write, the host stays up and other tasks stay right;
// and where it may not write, it cannot.
// Method: tasks find Troupe's memory in their own maps and fill it with noise.

#include "e2e/tasks.hpp"
#include "support/mappings.hpp"
#include "troupe/ipc/link_layout.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <random>
#include <span>
#include <sstream>
#include <thread>

#include <sys/mman.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;

using test::mapping;
using test::mappings_of;

void fill_with_noise(std::span<std::byte> memory, std::mt19937_64& random) {
  for (std::size_t i = 0; i + sizeof(std::uint64_t) <= memory.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t noise = random();
    std::memcpy(memory.data() + i, &noise, sizeof noise);
  }
}

// Everything the worker can write, claim words too.
int scribble(std::uint32_t seed, int rounds) {
  std::mt19937_64 random{seed};
  int regions = 0;
  for (int i = 0; i < rounds; ++i) {
    for (const auto* name : {"troupe-response", "troupe-output"}) {
      for (const auto& each : mappings_of(name)) {
        fill_with_noise(each.bytes(), random);
        ++regions;
      }
    }
  }
  return regions;
}

// All but the claim words, so that the host goes on to read what each answer says of itself.
void forge_answers(ipc::response_region& region, std::mt19937_64& random) {
  for (auto& cell : region.cells) {
    const auto noise = random();
    const bool is_plausible = noise % 4 != 0;
    cell.size = static_cast<std::uint32_t>(is_plausible ? (noise >> 8) % 256 : noise >> 8);
    cell.place = static_cast<ipc::payload_place>((noise >> 40) % 4);
    cell.kind = static_cast<std::uint8_t>(noise >> 48);
    cell.run_time_ns = random();
    // Offsets that an arena could have, or bytes for a decoder.
    const auto offset = random() % (1 << 21) / 64 * 64;
    std::memcpy(cell.data.data(), &offset, sizeof offset);
    const auto rest = std::span{cell.data}.subspan(sizeof offset);
    fill_with_noise(rest, random);
  }
  fill_with_noise(std::as_writable_bytes(std::span{region.bodies}), random);
}

// Leaves a thread behind that forges for as long as the worker lives.
int start_forger(std::uint32_t seed) {
  const auto regions = mappings_of("troupe-response");
  const auto output = mappings_of("troupe-output");
  auto* const region = reinterpret_cast<ipc::response_region*>(regions.at(0).begin);
  std::thread{[region, output, seed] {
    std::mt19937_64 random{seed};
    for (;;) {
      forge_answers(*region, random);
      for (const auto& each : output) fill_with_noise(each.bytes().first(4096), random);
    }
  }}.detach();
  return 0;
}

// Wipes out what this worker says of its jobs, for ever.
int wipe_claims_for_ever() {
  const auto regions = mappings_of("troupe-response");
  auto* const region = reinterpret_cast<ipc::response_region*>(regions.at(0).begin);
  for (;;) {
    for (auto& cell : region->cells) cell.claim.store(0);
  }
}
int start_wiper() {
  std::thread{wipe_claims_for_ever}.detach();
  return 0;
}

std::vector<std::string> repeat(std::uint32_t index) {
  return std::vector<std::string>(index % 40, std::to_string(index));
}

/// Empty: `mapped` cannot be written by any means; else how it can.
std::string way_to_write(const mapping& mapped) {
  if (mapped.rights != "r--s") return "it is mapped " + mapped.rights;
  auto* const at = reinterpret_cast<void*>(mapped.begin);
  if (::mprotect(at, mapped.bytes().size(), PROT_READ | PROT_WRITE) == 0) return "mprotect";
  const char byte = 'x';
  const int own = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  const auto written = own < 0 ? -1 : ::pwrite(own, &byte, 1, static_cast<off_t>(mapped.begin));
  if (own >= 0) ::close(own);
  if (written == 1) return "/proc/self/mem";
  // Only the privileged get this far; the seals hold for them too.
  const int again = ::open(("/proc/self/map_files/" + mapped.range).c_str(), O_RDWR | O_CLOEXEC);
  if (again < 0) return {};
  const bool is_written = ::pwrite(again, &byte, 1, 0) == 1;
  void* const second = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
  const bool is_cut = ::ftruncate(again, 0) == 0;
  ::close(again);
  return is_written             ? "write"
         : second != MAP_FAILED ? "a second mapping"
         : is_cut               ? "ftruncate"
                                : "";
}

// What a worker can do to memory that is only the host's to write; empty: nothing.
std::string attack_requests(int) {
  std::string out;
  for (const auto* name : {"troupe-request", "troupe-input"}) {
    const auto found = mappings_of(name);
    if (found.size() != 1)
      out += std::string{name} + ": " + std::to_string(found.size()) + " mappings; ";
    for (const auto& each : found) {
      const auto way = way_to_write(each);
      if (!way.empty()) out += std::string{name} + ": " + way + "; ";
    }
  }
  for (const auto& descriptor : test::open_descriptors()) {
    if (descriptor.find("memfd:troupe") != std::string::npos) out += descriptor + " is open; ";
  }
  return out;
}

/// What became of a task of a hostile worker: all the same, as long as it is told.
bool has_value(const future<int>& task) {
  try {
    (void)task.get();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

pool_options four_workers() {
  return {.replicas = 4,
          .input_arena_bytes = 4 << 20,
          .output_arena_bytes = 1 << 20,
          .restart = {.intensity = unlimited_restarts, .backoff = {.initial = 0ns}}};
}

BOOST_AUTO_TEST_SUITE(hostile, *boost::unit_test::timeout(240))

// Honest tasks may have waited behind a hostile one, whose noise says that they were begun: they
// have attempts to spare, and must come out right.
BOOST_FIXTURE_TEST_CASE(noise_in_all_it_can_write_harms_no_other_task, clean_world) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  pool pool{four_workers()};
  std::vector<future<int>> hostile;
  std::vector<future<std::vector<std::string>>> honest;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    if (i % 30 == 0) hostile.push_back(pool.submit(scribble, seed + i, 20));
    honest.push_back(pool.submit_with({.max_attempts = 200}, repeat, i));
  }
  for (std::uint32_t i = 0; i < honest.size(); ++i) {
    if (honest[i].get() != repeat(i)) BOOST_ERROR("task " + std::to_string(i) + " is wrong");
  }
  const auto survived = std::count_if(hostile.begin(), hostile.end(), has_value);
  const auto counters = pool.stats();
  BOOST_TEST_MESSAGE(hostile.size() << " hostile tasks, " << survived << " with a value; "
                                    << counters.corrupt << " corrupt, " << counters.worker_exits
                                    << " exits, " << counters.retried << " retried");
  BOOST_TEST(counters.corrupt > 0u);
  BOOST_TEST(pool.map(test::square, std::vector{1, 2, 3}) == (std::vector{1, 4, 9}),
             boost::test_tools::per_element());
}

// Answers that change while they are read: any result may come of it, but one for each task, and
// a host that goes on.
BOOST_FIXTURE_TEST_CASE(answers_forged_while_they_are_read_do_not_break_the_host, clean_world) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  pool pool{four_workers()};
  std::uint32_t right = 0;
  std::uint32_t wrong = 0;
  std::uint32_t failed = 0;
  for (std::uint32_t round = 0; round < 40; ++round) {
    for (std::uint32_t i = 0; i < 4; ++i)
      (void)has_value(pool.submit(start_forger, seed + round * 4 + i));
    std::vector<future<std::vector<std::string>>> all;
    for (std::uint32_t i = 0; i < 200; ++i) all.push_back(pool.submit(repeat, i));
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      try {
        ++(all[i].get() == repeat(i) ? right : wrong);
      } catch (const std::exception&) {
        ++failed;
      }
    }
  }
  const auto counters = pool.stats();
  BOOST_TEST_MESSAGE(right << " right, " << wrong << " wrong, " << failed << " failed; "
                           << counters.corrupt << " corrupt, " << counters.worker_exits
                           << " exits");
  BOOST_TEST(counters.corrupt > 0u);
  BOOST_TEST(counters.submitted == counters.resolved);
  // Once the forgers are gone, all is as before.
  const auto forgers = pool.worker_pids();
  for (const auto pid : forgers) ::kill(pid, SIGKILL);
  const auto is_forger = [&](int pid) {
    return std::find(forgers.begin(), forgers.end(), pid) != forgers.end();
  };
  for (auto pids = forgers; std::any_of(pids.begin(), pids.end(), is_forger);) {
    std::this_thread::yield();
    pids = pool.worker_pids();
  }
  for (std::uint32_t i = 0; i < 200; ++i) BOOST_TEST((pool.apply(repeat, i) == repeat(i)));
}

// A worker that wipes out its claims never says that it began anything, or that it is done.
BOOST_FIXTURE_TEST_CASE(a_time_limit_holds_for_a_worker_that_hides_what_it_does, clean_world) {
  pool pool{four_workers()};
  std::vector<future<int>> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(pool.submit_with({.timeout = 50ms}, wipe_claims_for_ever));
  }
  for (const auto& each : all) {
    BOOST_REQUIRE(each.wait_for(100s));
    BOOST_CHECK_THROW((void)each.get(), task_timeout_error);
  }
  BOOST_TEST(pool.apply(test::square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(a_time_limit_holds_while_a_thread_wipes_the_claims, clean_world) {
  auto options = four_workers();
  options.replicas = 1;
  pool pool{options};
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(pool.apply(test::square, 3) == 9); // A word behind the head to be wiped.
    auto wiper = pool.submit_with({.timeout = 1s}, start_wiper);
    auto hangs = pool.submit_with({.timeout = 50ms}, test::loop_for_ever);
    BOOST_REQUIRE(wiper.wait_for(100s)); // Its answer may have been wiped out, too.
    BOOST_REQUIRE(hangs.wait_for(100s));
    BOOST_CHECK_THROW((void)hangs.get(), task_timeout_error);
  }
}

// Without a limit such a worker is replaced; its task is not tried for ever.
BOOST_FIXTURE_TEST_CASE(a_task_without_limit_whose_worker_hides_it_is_lost, clean_world) {
  auto options = four_workers();
  options.replicas = 1;
  pool pool{options};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
  const auto hidden = pool.submit(wipe_claims_for_ever);
  BOOST_REQUIRE(hidden.wait_for(100s));
  BOOST_CHECK_THROW((void)hidden.get(), worker_lost);
  BOOST_TEST(pool.apply(test::square, 3) == 9);
}

// What the host sends is out of a worker's reach.
BOOST_FIXTURE_TEST_CASE(a_worker_cannot_write_what_the_host_writes, clean_world) {
  pool pool{four_workers()};
  BOOST_TEST(pool.apply(attack_requests, 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
