// Goal: what a worker is given and keeps: initializers, state, environment, pools of its own.
// Method: tasks report what they see.

#include "e2e/tasks.hpp"
#include "process/sample_library.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::own_pid;
using test::square;

/// Cannot travel: workers make their own.
struct model {
  std::unique_ptr<std::string> name;
  int uses = 0;
};
model open_model(const std::string& name, int uses) {
  return {std::make_unique<std::string>(name), uses};
}
std::string use_model() {
  auto& mine = worker_state<model>();
  return *mine.name + std::to_string(mine.uses++);
}

int initialised_with = 0;
void remember(int value) {
  initialised_with = value;
}
void refuse_to_start(const std::string& why) {
  throw std::runtime_error{why};
}

BOOST_AUTO_TEST_SUITE(pool_workers, *boost::unit_test::timeout(120))

// H18: the initializer has run before the first task of every worker, replacements too.
BOOST_FIXTURE_TEST_CASE(the_initializer_runs_in_every_worker, clean_world) {
  pool pool{
      {.replicas = 3, .recycle = {.messages_max = 5}, .initializer = bind_call(remember, 42)}};
  std::vector<future<int>> all;
  for (int i = 0; i < 60; ++i) all.push_back(pool.submit([] { return initialised_with; }));
  for (const auto& each : all) BOOST_TEST(each.get() == 42);
  BOOST_TEST(initialised_with == 0);
}

BOOST_FIXTURE_TEST_CASE(an_initializers_result_is_the_workers_state, clean_world) {
  pool pool{{.replicas = 1, .initializer = bind_initializer(open_model, "m", 5)}};
  BOOST_TEST(pool.apply(use_model) == "m5");
  BOOST_TEST(pool.apply(use_model) == "m6");
  BOOST_CHECK_THROW(pool.apply([] { return worker_state<int>(); }), std::exception);
  BOOST_CHECK_THROW(worker_state<model>(), invalid_state); // Not here.
  troupe::pool stateless{{.replicas = 1, .initializer = bind_initializer([] { return 7; })}};
  BOOST_TEST(stateless.apply([] { return worker_state<int>(); }) == 7);
  troupe::pool none{{.replicas = 1}};
  BOOST_CHECK_THROW(none.apply(use_model), std::exception);
}

// H18: a throwing initializer ends at the restart budget; pending futures and later submits fail
// with the cause, and nothing is left behind.
BOOST_FIXTURE_TEST_CASE(a_failing_initializer_breaks_the_pool_with_its_cause, clean_world) {
  pool pool{{.replicas = 2,
             .restart = {.intensity = 3, .backoff = {.initial = 1ms}},
             .initializer = bind_call(refuse_to_start, "the model is missing")}};
  const auto pending = pool.submit(square, 2);
  BOOST_CHECK_EXCEPTION((void)pending.get(), broken_executor, [](const broken_executor& e) {
    BOOST_TEST(std::string{e.what()}.find("the model is missing") != std::string::npos, e.what());
    return true;
  });
  BOOST_CHECK_THROW((void)pool.submit(square, 3), broken_executor);
  BOOST_TEST(pool.stats().worker_exits <= 6u);
}

// A worker that hangs in its initializer does not hold up the end of the pool.
BOOST_FIXTURE_TEST_CASE(a_hanging_initializer_does_not_hold_up_the_end, clean_world) {
  pool pool{{.replicas = 1, .initializer = bind_call(test::loop_for_ever)}};
  const auto pending = pool.submit(square, 2);
  BOOST_TEST(!pending.wait_for(20ms));
  BOOST_TEST(pending.cancel());
  pool.close();
  BOOST_TEST(pool.join(20s));
}

BOOST_FIXTURE_TEST_CASE(a_task_knows_where_it_runs, clean_world) {
  pool pool{{.name = "named", .replicas = 1}};
  BOOST_TEST(pool.apply([] { return this_worker().pool; }) == "named");
  BOOST_TEST(pool.apply([] { return this_worker().is_worker; }));
  BOOST_TEST(!this_worker().is_worker);
}

int sum_with_a_pool_of_its_own(int count) {
  pool inner{{.name = "inner", .replicas = 2}};
  std::vector<int> inputs(static_cast<std::size_t>(count), 3);
  int sum = 0;
  for (const int each : inner.map(square, inputs)) sum += each;
  return sum;
}

// A27: inside a worker one can make a pool.
BOOST_FIXTURE_TEST_CASE(a_worker_may_have_a_pool_of_its_own, clean_world) {
  pool outer{{.replicas = 2}};
  BOOST_TEST(outer.map(sum_with_a_pool_of_its_own, std::vector{10, 20, 30}, {.chunk = 1}) ==
                 (std::vector{90, 180, 270}),
             boost::test_tools::per_element());
}

int crash_in_a_pool_of_its_own() {
  pool inner{{.name = "inner", .replicas = 1}};
  return inner.apply(test::kill_self, SIGKILL);
}

// An exception of a worker's worker comes all the way, as what it was.
BOOST_FIXTURE_TEST_CASE(a_loss_in_an_inner_pool_is_told_outside, clean_world) {
  pool outer{{.replicas = 1}};
  BOOST_CHECK_EXCEPTION(outer.apply(crash_in_a_pool_of_its_own), std::exception, [](const auto& e) {
    return std::string{e.what()}.find("KILL") != std::string::npos;
  });
  BOOST_TEST(outer.apply(square, 3) == 9);
}

// The pool's functions may live in a shared library, and so may those who make the pool.
BOOST_FIXTURE_TEST_CASE(functions_of_a_shared_library_are_found, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.map(troupe_sample::twice, std::vector{1, 2, 3}) == (std::vector{2, 4, 6}),
             boost::test_tools::per_element());
}

// What a task prints and where it stands: the environment asked for.
BOOST_FIXTURE_TEST_CASE(workers_get_the_environment_they_were_promised, clean_world) {
  test::temporary_folder folder;
  pool pool{
      {.replicas = 1,
       .process = {.env = {{"TROUPE_TEST_VALUE", "here"}}, .working_dir = folder.path().string()}}};
  BOOST_TEST(pool.apply([] { return std::string{std::getenv("TROUPE_TEST_VALUE")}; }) == "here");
  BOOST_TEST(pool.apply([] { return std::filesystem::current_path().string(); }) ==
             folder.path().string());
  // Stdin is empty: a task that reads it gets the end, not the user's terminal.
  BOOST_TEST(pool.apply([] { return std::getchar(); }) == EOF);
}

// A closed pool's workers leave through their exit handlers (I04).
BOOST_FIXTURE_TEST_CASE(a_worker_that_is_asked_to_leave_runs_its_exit_handlers, clean_world) {
  test::temporary_folder folder;
  static std::string farewell;
  pool pool{{.replicas = 1}};
  pool.apply(
      [](const std::string& file) {
        farewell = file;
        std::atexit([] { std::fclose(std::fopen(farewell.c_str(), "w")); });
      },
      (folder.path() / "bye").string());
  pool.close();
  BOOST_TEST(pool.join(20s));
  BOOST_TEST(std::filesystem::exists(folder.path() / "bye"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
