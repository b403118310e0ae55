// Goal: a path that names a descriptor of this process is known for what it is, in every form.
// Method: paths of all forms, and symbolic links.

#include "troupe/base/descriptor_path.hpp"

#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(descriptor_path_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(paths_of_own_descriptors_are_known) {
  const auto own = "/proc/" + std::to_string(::getpid()) + "/fd/5";
  const std::pair<std::string, int> named[] = {
      {"/dev/stdin", 0},    {"/dev/stdout", 1},      {"/dev/stderr", 2},
      {"/dev/fd/63", 63},   {"/proc/self/fd/0", 0},  {"/proc/thread-self/fd/1", 1},
      {"//dev/./stdin", 0}, {"/dev/../dev/fd/1", 1}, {own, 5}};
  for (const auto& [path, number] : named) {
    BOOST_TEST(descriptor_named_by(path).value_or(-1) == number, path);
  }
  for (const auto* const path : {"/dev/null", "/dev/fd/", "/dev/fd/x", "/dev/fd/-1", "/dev/fd/1x",
                                 "/dev/fd/99999999999", "stdin", "", "-", "/proc/1/fd/0", "/"}) {
    BOOST_TEST(!descriptor_named_by(path).has_value(), path);
  }
}

BOOST_AUTO_TEST_CASE(symbolic_links_are_followed_and_circles_are_not) {
  namespace fs = std::filesystem;
  const test::temporary_folder home;
  const auto& folder = home.path();
  fs::create_symlink("/dev/stdout", folder / "one");
  fs::create_symlink("one", folder / "two");
  fs::create_symlink("circle", folder / "circle");
  BOOST_TEST(descriptor_named_by((folder / "two").string()).value_or(-1) == 1);
  BOOST_TEST(!descriptor_named_by((folder / "circle").string()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
