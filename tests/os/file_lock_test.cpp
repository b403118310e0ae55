// Goal: a lock file has one owner, tells who it is, and goes with it.
// Method: take it twice in one process; the kernel's lock belongs to the open file, not to us.

#include "troupe/os/file_lock.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>
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

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What somebody else has put at the path, or made the path lead to.
struct foreign_file : own_path {
  foreign_file() { std::ofstream{precious} << text; }
  ~foreign_file() { std::filesystem::remove(precious); }

  void expect_refused(std::string_view why) const {
    const auto refused = file_lock::acquire(path);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::bad_argument));
    BOOST_TEST(refused.error().message.find(why) != std::string::npos, refused.error().message);
    BOOST_TEST(refused.error().message.find(path.string()) != std::string::npos);
  }

  std::filesystem::path precious{path.string() + "-precious"};
  std::string text = "the only copy";
};

BOOST_FIXTURE_TEST_CASE(a_hard_link_is_not_written_through, foreign_file) {
  // Even if it looks as if a dead process had left it.
  for (const auto* looks : {"the only copy", "4711\n", ""}) {
    std::ofstream{precious} << looks;
    std::filesystem::remove(path);
    std::filesystem::create_hard_link(precious, path);
    expect_refused("hard link");
    BOOST_TEST(text_of(precious) == looks);
    BOOST_TEST(std::filesystem::exists(path));
  }
}

BOOST_FIXTURE_TEST_CASE(a_symbolic_link_is_not_followed, foreign_file) {
  std::filesystem::create_symlink(precious, path);
  expect_refused("symbolic link");
  BOOST_TEST(text_of(precious) == text);
  BOOST_TEST(holder_of(path) == 0);
  // Not even to where nothing is: what it names is not made.
  std::filesystem::remove(precious);
  expect_refused("symbolic link");
  BOOST_TEST(!std::filesystem::exists(precious));
}

BOOST_FIXTURE_TEST_CASE(a_file_with_another_content_is_left_alone, foreign_file) {
  for (const auto& content : {text, std::string{" 12"}, "1" + std::string(100, 'x')}) {
    std::ofstream{path} << content;
    expect_refused("something else");
    BOOST_TEST(text_of(path) == content);
    std::filesystem::remove(path);
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_no_file_is_refused_and_not_waited_for, foreign_file) {
  std::filesystem::create_directory(path);
  expect_refused("no regular file");
  std::filesystem::remove(path);
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  expect_refused("no regular file");
  BOOST_TEST(holder_of(path) == 0);
}

BOOST_AUTO_TEST_CASE(what_took_its_place_is_not_removed_with_it) {
  {
    const auto held = file_lock::acquire(path);
    BOOST_TEST_REQUIRE(held.has_value());
    std::filesystem::remove(path);
    std::ofstream{path} << "somebody else's";
  }
  BOOST_TEST(text_of(path) == "somebody else's");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_an_error) {
  BOOST_TEST((file_lock::acquire("/nowhere/at/all").error().code == errc::system));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
