// Goal: a lock file has one owner, tells who it is, and goes with it.
// Method: take it twice in one process; the kernel's lock belongs to the open file, not to us.

#include "troupe/os/file_lock.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace troupe::os {
namespace {

struct own_path {
  own_path()
      : path{std::filesystem::temp_directory_path() /
             ("troupe-lock-" + std::to_string(::getpid()))} {
    std::filesystem::remove(path);
  }
  ~own_path() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

BOOST_FIXTURE_TEST_SUITE(file_lock_suite, own_path, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(only_one_holds_it_and_says_who_it_is) {
  {
    const auto held = file_lock::acquire(path);
    BOOST_TEST_REQUIRE(held.has_value());
    BOOST_TEST(holder_of(path) == ::getpid());
    BOOST_TEST((file_lock::acquire(path).error().code == errc::would_block));
  }
  BOOST_TEST(!std::filesystem::exists(path));
  BOOST_TEST(holder_of(path) == 0);
  BOOST_TEST(file_lock::acquire(path).has_value());
}

BOOST_AUTO_TEST_CASE(a_file_that_nobody_holds_is_taken_over) {
  std::ofstream{path} << "123456789012 left by a dead process";
  const auto held = file_lock::acquire(path);
  BOOST_TEST_REQUIRE(held.has_value());
  BOOST_TEST(holder_of(path) == ::getpid());
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_an_error) {
  BOOST_TEST((file_lock::acquire("/nowhere/at/all").error().code == errc::system));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
