// Goal: functions of libraries that the program opens at run time run in workers, whenever they
// were opened; where the right code cannot be had, the error says so, and no other code is ever
// called. Method: small libraries, copied to a folder of the case, opened, replaced, removed and
// closed.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <dlfcn.h>

namespace troupe {
namespace {

namespace fs = std::filesystem;
using test::clean_world;
using test::own_pid;
using test::temporary_folder;

/// One opened library.
class plugin {
public:
  explicit plugin(const fs::path& path, int flags = RTLD_NOW)
      : handle_{::dlopen(path.c_str(), flags)} {
    BOOST_TEST_REQUIRE(handle_ != nullptr, ::dlerror());
  }
  ~plugin() { ::dlclose(handle_); }
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;

  template<class Signature>
  Signature* function(const char* name) const {
    auto* const found = reinterpret_cast<Signature*>(::dlsym(handle_, name));
    BOOST_TEST_REQUIRE(found != nullptr, name);
    return found;
  }
  [[nodiscard]] int (*value() const)() { return function<int()>("plugin_value"); }

private:
  void* handle_;
};

/// Plugins of one case; `put` never writes into a file that somebody has mapped.
struct plugin_folder : clean_world {
  temporary_folder folder;

  fs::path put(const char* library, const std::string& name) const {
    const auto fresh = folder.path() / "fresh";
    fs::copy_file(library, fresh);
    fs::rename(fresh, folder.path() / name);
    return folder.path() / name;
  }
};

std::string message_of(pool& pool, int (*function)()) {
  try {
    (void)pool.apply(function);
  } catch (const error& e) {
    return e.what();
  }
  return "it ran";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(plugins, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(a_library_opened_before_the_pool_runs, plugin_folder) {
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.apply(one.value()) == 1);
  BOOST_TEST(pool.apply(one.function<int(int)>("plugin_add"), 10) == 11);
}

BOOST_FIXTURE_TEST_CASE(a_library_opened_after_the_workers_started_runs, plugin_folder) {
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  BOOST_TEST(pool.apply(one.value()) == 1);
  const plugin two{put(TROUPE_PLUGIN_2, "other.so")};
  BOOST_TEST(pool.apply(two.value()) == 2);
  BOOST_TEST(pool.apply(one.value()) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_library_opened_by_a_relative_path_runs_wherever_the_host_is,
                        plugin_folder) {
  const auto before = fs::current_path();
  put(TROUPE_PLUGIN_1, "plug.so");
  fs::current_path(folder.path());
  const plugin one{"./plug.so"};
  fs::current_path(before);
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(one.value()) == 1);
}

BOOST_FIXTURE_TEST_CASE(maps_loans_and_initializers_know_libraries, plugin_folder) {
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  pool pool{
      {.replicas = 1, .initializer = bind_call(one.function<void(int)>("plugin_initialise"), 42)}};
  const std::vector<int> numbers{1, 2, 3};
  const std::vector<int> wanted{2, 3, 4};
  BOOST_TEST(pool.map(one.function<int(int)>("plugin_add"), numbers) == wanted,
             boost::test_tools::per_element());
  BOOST_TEST(pool.apply(one.function<int()>("plugin_initialised_with")) == 42);
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_replaces_a_dead_one_loads_the_library_again, plugin_folder) {
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  pool pool{{.replicas = 1}};
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(pool.apply(one.value()) == 1);
    BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
  }
  BOOST_TEST(pool.apply(one.value()) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_later_pool_knows_what_an_earlier_one_was_told, plugin_folder) {
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  for (int round = 0; round < 2; ++round) {
    pool pool{{.replicas = 1}};
    BOOST_TEST(pool.apply(one.value()) == 1);
  }
}

BOOST_FIXTURE_TEST_CASE(a_plugin_sends_lambdas_and_function_objects_of_its_own, plugin_folder) {
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.apply(test::square, 3) == 9);
  const plugin user{put(TROUPE_PLUGIN_USER, "user.so")};
  BOOST_TEST(user.function<int(troupe::pool&)>("plugin_use")(pool) == 8 + 15 + 600);
}

BOOST_FIXTURE_TEST_CASE(a_library_that_needs_another_gets_it, plugin_folder) {
  pool pool{{.replicas = 1}};
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so"), RTLD_NOW | RTLD_GLOBAL};
  const plugin dependent{put(TROUPE_PLUGIN_DEPENDENT, "dependent.so")};
  BOOST_TEST(pool.apply(dependent.function<int()>("plugin_helped")) == 31);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_has_changed_is_refused_with_both_builds, plugin_folder) {
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  const auto path = put(TROUPE_PLUGIN_2, "plug.so");
  pool pool{{.replicas = 1}};
  const auto message = message_of(pool, one.value());
  BOOST_TEST(has(message, path.string()), message);
  BOOST_TEST(has(message, "has changed"), message);
  const auto first = message.find("build id ");
  BOOST_TEST_REQUIRE(first != std::string::npos, message);
  BOOST_TEST(message.find("build id ", first + 1) != std::string::npos, message);
  // The old one is put back: the same worker takes it.
  put(TROUPE_PLUGIN_1, "plug.so");
  BOOST_TEST(pool.apply(one.value()) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_gone_is_told_by_its_path, plugin_folder) {
  const auto path = put(TROUPE_PLUGIN_1, "plug.so");
  const plugin one{path};
  fs::remove(path);
  pool pool{{.replicas = 1}};
  const auto message = message_of(pool, one.value());
  BOOST_TEST(has(message, path.string()), message);
  BOOST_TEST(has(message, "build id "), message);
  BOOST_TEST(pool.apply(test::square, 4) == 16);
}

BOOST_FIXTURE_TEST_CASE(a_library_closed_and_opened_anew_runs_the_new_code, plugin_folder) {
  pool pool{{.replicas = 1}};
  const int pid = pool.apply(own_pid);
  for (int round = 0; round < 4; ++round) {
    const bool is_odd = round % 2 != 0;
    const plugin now{put(is_odd ? TROUPE_PLUGIN_2 : TROUPE_PLUGIN_1, "plug.so")};
    BOOST_TEST(pool.apply(now.value()) == (is_odd ? 2 : 1));
  }
  BOOST_TEST(pool.apply(own_pid) == pid); // One worker did it all.
}

BOOST_FIXTURE_TEST_CASE(a_library_opened_where_another_was_is_not_taken_for_it, plugin_folder) {
  pool pool{{.replicas = 1}};
  const auto first = put(TROUPE_PLUGIN_1, "one.so");
  const auto second = put(TROUPE_PLUGIN_2, "two.so");
  int at_the_same_place = 0;
  const void* last = nullptr;
  for (int round = 0; round < 6; ++round) {
    const plugin now{round % 2 == 0 ? first : second};
    const auto* const here = reinterpret_cast<const void*>(now.value());
    if (here == last) ++at_the_same_place;
    last = here;
    BOOST_TEST(pool.apply(now.value()) == 1 + round % 2);
  }
  BOOST_TEST_MESSAGE(at_the_same_place << " were opened where another had been");
}

BOOST_FIXTURE_TEST_CASE(build_ids_with_one_16_bit_number_are_told_apart, plugin_folder) {
  pool pool{{.replicas = 1}};
  const plugin one{put(TROUPE_PLUGIN_FOLD_1, "one.so")};
  const plugin two{put(TROUPE_PLUGIN_FOLD_2, "two.so")};
  BOOST_TEST(pool.apply(one.value()) == 11);
  BOOST_TEST(pool.apply(two.value()) == 12);
  BOOST_TEST(pool.apply(one.value()) == 11);
}

BOOST_FIXTURE_TEST_CASE(a_build_id_written_by_hand_is_not_believed, plugin_folder) {
  pool pool{{.replicas = 1}};
  const plugin one{put(TROUPE_PLUGIN_SHORT_1, "one.so")};
  const plugin two{put(TROUPE_PLUGIN_SHORT_2, "two.so")};
  BOOST_TEST(pool.apply(one.value()) == 21);
  BOOST_TEST(pool.apply(two.value()) == 22);
}

BOOST_FIXTURE_TEST_CASE(libraries_without_a_build_id_are_known_by_their_files, plugin_folder) {
  pool pool{{.replicas = 1}};
  const auto path = put(TROUPE_PLUGIN_NAKED_1, "plug.so");
  const plugin one{path};
  BOOST_TEST(pool.apply(one.value()) == 31);
  BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
  put(TROUPE_PLUGIN_NAKED_2, "plug.so");
  const auto message = message_of(pool, one.value());
  BOOST_TEST(has(message, path.string()), message);
}

BOOST_FIXTURE_TEST_CASE(different_libraries_with_one_build_id_are_an_error, plugin_folder) {
  pool pool{{.replicas = 1}};
  const plugin one{put(TROUPE_PLUGIN_SAME_1, "one.so")};
  const plugin two{put(TROUPE_PLUGIN_SAME_2, "two.so")};
  BOOST_TEST(pool.apply(one.value()) == 41);
  const auto message = message_of(pool, two.value());
  BOOST_TEST(has(message, "one.so"), message);
  BOOST_TEST(has(message, "two.so"), message);
  BOOST_TEST(has(message, "--build-id"), message);
}

BOOST_FIXTURE_TEST_CASE(a_copy_of_a_library_is_the_same_library, plugin_folder) {
  pool pool{{.replicas = 1}};
  const auto first = put(TROUPE_PLUGIN_1, "one.so");
  {
    const plugin one{first};
    BOOST_TEST(pool.apply(one.value()) == 1);
  }
  const plugin copy{put(TROUPE_PLUGIN_1, "copy.so")};
  BOOST_TEST(pool.apply(copy.value()) == 1);
  fs::remove(first);
  BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
  BOOST_TEST(pool.apply(copy.value()) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_crash_in_a_library_is_named, plugin_folder) {
  pool pool{{.replicas = 1}};
  const plugin one{put(TROUPE_PLUGIN_1, "plug.so")};
  std::string headline;
  // The first ones may be told before the debug information has been read.
  while (!has(headline, " in plugin_crash (plugin.cpp:")) {
    try {
      (void)pool.apply(one.function<int(int)>("plugin_crash"), 1);
    } catch (const worker_lost& e) {
      headline = to_string(e.exit());
      BOOST_TEST_MESSAGE(headline);
      (void)pool.apply(test::square, 1);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
