// Goal: environment, working directory and umask of every worker of a pool are those of the host
// when the pool was made, whenever the worker is started; what the host does to itself later is its
// own. Method: pools made before and after changes; workers and zygotes killed in between.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace troupe {
namespace {

namespace fs = std::filesystem;
using test::clean_world;
using test::temporary_folder;

constexpr auto variable = "TROUPE_TEST_SURROUNDINGS";

std::string value_of(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value != nullptr ? value : "(none)";
}
std::string working_dir() {
  return fs::current_path().string();
}
int file_mode_mask() {
  const auto mask = ::umask(0);
  ::umask(mask);
  return static_cast<int>(mask);
}

struct facts {
  std::string value;
  std::string directory;
  int mask = 0;
};

facts here() {
  return {value_of(variable), working_dir(), file_mode_mask()};
}

void check(pool& pool, const facts& wanted) {
  BOOST_TEST(pool.apply(value_of, variable) == wanted.value);
  BOOST_TEST(pool.apply(working_dir) == wanted.directory);
  BOOST_TEST(pool.apply(file_mode_mask) == wanted.mask);
}

/// Puts back what a case changes.
struct changing_world : clean_world {
  ~changing_world() {
    ::unsetenv(variable);
    fs::current_path(before.directory);
    ::umask(static_cast<mode_t>(before.mask));
  }
  facts before = here();
  temporary_folder folder;
};

void kill_zygotes() {
  for (const int pid : test::children_of(::getpid())) ::kill(pid, SIGKILL);
}

int set_in_main = 1;

BOOST_AUTO_TEST_SUITE(surroundings_of_workers, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(each_pool_has_those_of_its_making, changing_world) {
  ::setenv(variable, "first", 1);
  const auto first = here();
  pool early{{.replicas = 1, .restart = {.intensity = 100}}};
  check(early, first); // The zygote has them.
  ::setenv(variable, "second", 1);
  fs::current_path(folder.path());
  ::umask(027);
  const auto second = here();
  pool late{{.replicas = 1, .restart = {.intensity = 100}}};
  check(late, second);
  check(early, first);
  BOOST_CHECK_THROW(early.apply(test::kill_self, SIGKILL), worker_lost);
  BOOST_CHECK_THROW(late.apply(test::kill_self, SIGKILL), worker_lost);
  check(early, first);
  check(late, second);
}

BOOST_FIXTURE_TEST_CASE(a_new_zygote_changes_nothing, changing_world) {
  ::setenv(variable, "first", 1);
  const auto first = here();
  pool pool{{.replicas = 1, .restart = {.intensity = 100}}};
  check(pool, first);
  ::setenv(variable, "second", 1);
  fs::current_path(folder.path());
  ::umask(027);
  const test::gate gate;
  const auto lost = pool.submit(test::wait_at_gate, gate.name());
  gate.wait_for(1);
  kill_zygotes();
  BOOST_CHECK_THROW((void)lost.get(), worker_lost);
  check(pool, first);
}

BOOST_FIXTURE_TEST_CASE(a_variable_that_was_removed_is_not_there, changing_world) {
  ::setenv(variable, "first", 1);
  pool early{{.replicas = 1}};
  BOOST_TEST(early.apply(value_of, variable) == "first");
  ::unsetenv(variable);
  pool late{{.replicas = 1}};
  BOOST_TEST(late.apply(value_of, variable) == "(none)");
}

BOOST_FIXTURE_TEST_CASE(a_large_environment_arrives, changing_world) {
  pool first{{.replicas = 1}};
  BOOST_TEST(first.apply(value_of, variable) == "(none)");
  constexpr std::size_t size = 120'000; // More than a message to the zygote may have.
  ::setenv(variable, std::string(size, 'x').c_str(), 1);
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(value_of, variable).size() == size);
}

BOOST_FIXTURE_TEST_CASE(a_working_directory_that_is_gone_stops_nobody, changing_world) {
  const auto gone = folder.path() / "gone";
  fs::create_directory(gone);
  fs::current_path(gone);
  fs::remove(gone);
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(the_pools_own_options_go_on_top, changing_world) {
  fs::current_path(folder.path());
  fs::create_directory("inner");
  pool pool{{.replicas = 1, .process = {.env = {{variable, "given"}}, .working_dir = "inner"}}};
  BOOST_TEST(pool.apply(value_of, variable) == "given");
  BOOST_TEST(pool.apply(working_dir) == fs::canonical(folder.path() / "inner").string());
}

// The zygote is the program started again: it has what static initialisation made of it.
BOOST_FIXTURE_TEST_CASE(variables_of_the_program_are_as_it_starts, changing_world) {
  set_in_main = 2;
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply([] { return set_in_main; }) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
