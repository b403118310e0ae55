// Goal: a copy appears at once and whole, with its rights, and leaves nothing else behind.
// Method: copies in a folder of their own.

#include "troupe/os/file_copy.hpp"

#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/stat.h>

namespace troupe::os {
namespace {

namespace fs = std::filesystem;

struct folder_of_the_test {
  [[nodiscard]] std::string path(const std::string& name) const { return (folder / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path(name), std::ios::binary} << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream{path(name), std::ios::binary}.rdbuf();
    return out.str();
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
  }

  test::temporary_folder home;
  fs::path folder = home.path();
};

BOOST_AUTO_TEST_SUITE(file_copy_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(contents_and_rights_come_along, folder_of_the_test) {
  for (const std::size_t size : {0u, 1u, 4096u, 3'000'000u}) {
    write("from", std::string(size, 'x'));
    fs::permissions(path("from"), fs::perms::owner_all | fs::perms::group_read);
    BOOST_TEST(!copy_at_once(path("from"), path("to"), path("stand_in")));
    BOOST_TEST((read("to") == read("from")));
    BOOST_TEST(
        (fs::status(path("to")).permissions() == (fs::perms::owner_all | fs::perms::group_read)));
  }
  BOOST_TEST(entries() == 2u);
}

BOOST_FIXTURE_TEST_CASE(what_is_there_is_replaced_even_over_an_old_stand_in, folder_of_the_test) {
  write("from", "new");
  write("to", "old and longer");
  write("stand_in", "left by somebody who was killed");
  BOOST_TEST(!copy_at_once(path("from"), path("to"), path("stand_in")));
  BOOST_TEST(read("to") == "new");
  BOOST_TEST(entries() == 2u);
}

BOOST_FIXTURE_TEST_CASE(what_fails_leaves_all_as_it_was, folder_of_the_test) {
  write("from", "new");
  write("to", "old");
  BOOST_TEST((copy_at_once(path("missing"), path("to"), path("stand_in")) ==
              std::errc::no_such_file_or_directory));
  BOOST_TEST((copy_at_once(path("from"), path("nowhere/to"), path("stand_in")) ==
              std::errc::no_such_file_or_directory));
  BOOST_TEST(!!copy_at_once(folder.string(), path("to"), path("stand_in"))); // A folder.
  BOOST_REQUIRE(::mkfifo(path("pipe").c_str(), 0600) == 0);
  BOOST_TEST(
      (copy_at_once(path("pipe"), path("to"), path("stand_in")) == std::errc::invalid_argument));
  fs::create_directory(path("taken"));
  BOOST_TEST(!!copy_at_once(path("from"), path("taken"), path("stand_in")));
  BOOST_TEST(read("to") == "old");
  BOOST_TEST(entries() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
