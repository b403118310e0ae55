// Goal: what cannot be run is told with its true reason, also when the file itself is there.
// Method: files made for each case, looked at and not run.

#include "troupe/os/executable.hpp"

#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace troupe::os {
namespace {

namespace fs = std::filesystem;

struct files {
  [[nodiscard]] std::string script(const std::string& text) const {
    const auto path = folder / "script";
    std::ofstream{path, std::ios::binary} << text;
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }

  test::temporary_folder home;
  fs::path folder = home.path();
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_FIXTURE_TEST_SUITE(executable_suite, files, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(good_scripts_and_programs_have_no_problem) {
  BOOST_TEST(problem_of_executable("/bin/sh").empty());
  for (const auto* text : {"#!/bin/sh\n", "#! /bin/sh -e\n", "#!/bin/sh", "#!/usr/bin/env sh\n", "",
                           "x", "#!", "#!\n", "#! \n", "#!/bin/sh -e\r\n", "#!relative/sh\n"}) {
    BOOST_TEST(problem_of_executable(script(text)).empty(), text);
  }
}

BOOST_AUTO_TEST_CASE(line_ends_of_windows_are_named_with_their_cure) {
  for (const auto* text : {"#!/bin/sh\r\necho\r\n", "#!/bin/sh\r", "#! /usr/bin/env python3\r\n"}) {
    const auto problem = problem_of_executable(script(text));
    BOOST_TEST(contains(problem, "line ends of Windows"), problem);
    BOOST_TEST(contains(problem, "sed -i"), problem);
    BOOST_TEST(explain_exec_failure(script(text), ENOENT) == problem);
  }
}

BOOST_AUTO_TEST_CASE(missing_interpreter_is_named) {
  const auto path = script("#!/no/such/shell -x\n");
  BOOST_TEST(contains(problem_of_executable(path), "'/no/such/shell' in its first line) does not"));
  BOOST_TEST(contains(explain_exec_failure(path, ENOENT), "'/no/such/shell'"));
}

BOOST_AUTO_TEST_CASE(search_tells_of_the_first_that_is_nearly_right) {
  const auto path = script("#!/bin/sh\r\n");
  BOOST_TEST(contains(find_executable(path).problem, "line ends of Windows"));
  ::setenv("PATH", folder.c_str(), 1);
  BOOST_TEST(contains(find_executable("script").problem, "line ends of Windows"));
  BOOST_TEST(contains(find_executable("nothing").problem, "not found in PATH"));
  BOOST_TEST(contains(find_executable("").problem, "is empty"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
