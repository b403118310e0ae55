// Goal: a file that cannot be read, or is no file, is an error of its message: never an empty
// result, never a wait.
// Method: each builtin that reads what messages name is given all kinds of files; sources too.

#include "driver.hpp"
#include "ordinary_user.hpp"

#include "troupe/actors/line_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using lines = std::vector<std::string>;

// The builtins that read the file which a message names.
const std::vector<std::pair<std::string, json>>& readers(const scratch_folder& folder) {
  static std::vector<std::pair<std::string, json>> all;
  all = {{"sha256", json::object()},
         {"file_lines", json::object()},
         {"copy_file", {{"root", "/"}, {"target", folder / "copies"}}}};
  return all;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
  BOOST_REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(made);
}

BOOST_AUTO_TEST_SUITE(unreadable_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_an_error_of_its_message) {
  scratch_folder folder;
  ::mkfifo((folder / "fifo").c_str(), 0600);
  make_socket(folder / "socket");
  fs::create_symlink("loop", folder / "loop");
  fs::create_symlink("nowhere", folder / "dangling");
  folder.write("good", "x\n");
  const std::vector<std::pair<std::string, std::string>> bad = {
      {folder / "fifo", "pipe (FIFO)"},
      {folder / "socket", "a socket"},
      {"/dev/null", "a device"},

      {folder / "loop", "symbolic links"},
      {folder / "dangling", "No such file"},
      {folder.path(), "Is a directory"},
      {folder / "good/x", "Not a directory"},
      {folder / std::string("good\0", 5), "zero byte"}};
  for (const auto& [worker, config] : readers(folder)) {
    driver one;
    BOOST_REQUIRE(one.open(worker, config).failed.empty());
    for (const auto& [path, words] : bad) {
      const auto got = one.batch({path, folder / "good"});
      BOOST_TEST(got.errors.size() == 1U, worker << ": " << path);
      if (got.errors.size() == 1) BOOST_TEST(contains(got.errors[0], words), got.errors[0]);
      BOOST_TEST(got.outputs.size() == 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_without_the_right_to_read_is_an_error_of_its_message) {
  scratch_folder folder;
  ::chmod(folder.path().c_str(), 0777);
  folder.write("secret", "x\n");
  folder.write("good", "x\n");
  folder.write("closed/file", "x\n");
  ::chmod((folder / "secret").c_str(), 0000);
  ::chmod((folder / "closed").c_str(), 0444);
  {
    const ordinary_user someone;
    for (const auto& [worker, config] : readers(folder)) {
      driver one;
      BOOST_REQUIRE(one.open(worker, config).failed.empty());
      const auto got = one.batch({folder / "secret", folder / "closed/file", folder / "good"});
      BOOST_TEST(got.errors.size() == 2U, worker);
      for (const auto& error : got.errors) BOOST_TEST(contains(error, "Permission denied"), error);
    }
    const json config{{"path", folder / "secret"}};
    driver source;
    source.open("lines_from_file", config);
    BOOST_TEST(contains(source.produce(10).failed, "Permission denied"));
  }
  ::chmod((folder / "closed").c_str(), 0755);
}

BOOST_AUTO_TEST_CASE(a_source_that_may_skip_counts_its_file_and_ends) {
  scratch_folder folder;
  driver one;
  one.open("lines_from_file", {{"path", folder / "none"}, {"on_error", "skip"}});
  const auto got = one.produce(10);
  BOOST_TEST(got.failed.empty(), got.failed);
  BOOST_TEST(got.has_ended);
  BOOST_TEST(got.skipped == lines{folder / "none"}, boost::test_tools::per_element());
  one.open("lines_from_file", {{"path", folder.path()}});
  BOOST_TEST(contains(one.produce(10).failed, "Is a directory"));
}

BOOST_AUTO_TEST_CASE(a_pipe_that_a_dead_worker_has_read_is_not_taken_for_a_whole_one) {
  scratch_folder folder;
  ::mkfifo((folder / "fifo").c_str(), 0600);
  const json config{{"path", folder / "fifo"}};
  driver first;
  const auto opened = first.open("lines_from_file", config);
  BOOST_REQUIRE(opened.failed.empty());
  BOOST_TEST(contains(driver{}.open("lines_from_file", config, opened.state).failed,
                      "cannot be read again"));
}

BOOST_AUTO_TEST_CASE(a_line_longer_than_any_may_be_is_skipped_by_a_source_and_fails_a_message) {
  scratch_folder folder;
  const auto size = actors::line_reader::line_bytes_max + 3'000'000;
  folder.write("f", "before\n" + std::string(size, 'x') + "\nbehind\n" + std::string(size, 'y'));
  driver one;
  auto state = one.open("lines_from_file", {{"path", folder / "f"}}).state;
  lines found;
  lines skipped;
  lines reasons;
  while (true) {
    const auto got = one.produce(10);
    BOOST_REQUIRE_MESSAGE(got.failed.empty() && got.errors.empty(), got.failed);
    found.insert(found.end(), got.outputs.begin(), got.outputs.end());
    skipped.insert(skipped.end(), got.skipped.begin(), got.skipped.end());
    reasons.insert(reasons.end(), got.reasons.begin(), got.reasons.end());
    if (got.has_ended) break;
  }
  BOOST_TEST(found == (lines{"before", "behind"}), boost::test_tools::per_element());
  BOOST_TEST_REQUIRE(skipped.size() == 2U);
  BOOST_TEST(skipped[0].size() < 10000U);
  for (const auto& reason : reasons) BOOST_TEST(contains(reason, std::to_string(size)), reason);
  one.open("file_lines", json::object());
  BOOST_TEST(contains(one.batch({folder / "f"}).errors.at(0), "is longer than"));
}

BOOST_AUTO_TEST_CASE(zero_bytes_and_carriage_returns_stay) {
  scratch_folder folder;
  const std::string text{"a\0b\r\n\0\n\r\n\n", 10};
  folder.write("f", text);
  driver one;
  one.open("lines_from_file", {{"path", folder / "f"}});
  BOOST_TEST(one.produce(10).outputs ==
                 (lines{std::string{"a\0b\r", 4}, std::string{"\0", 1}, "\r", ""}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_message_with_a_line_feed_does_not_become_two_lines) {
  scratch_folder folder;
  const auto written = [&](const json& more, const std::string& message) {
    json config{{"path", folder / "out"}};
    config.update(more);
    driver one;
    BOOST_TEST(one.open("lines_to_file", config).failed.empty());
    const auto got = one.batch({message});
    return std::pair{got.errors, content_of(folder / "out")};
  };
  const auto [errors, nothing] = written(json::object(), "a\nb");
  BOOST_TEST_REQUIRE(errors.size() == 1U);
  BOOST_TEST(contains(errors[0], "line_feeds"), errors[0]);
  BOOST_TEST(nothing.empty());
  BOOST_TEST(written({{"line_feeds", "keep"}}, "a\nb").second == "a\nb\n");
  BOOST_TEST(written({{"line_feeds", "escape"}}, "a\nb\\n").second == "a\\nb\\\\n\n");
  BOOST_TEST(contains(
      driver{}.open("lines_to_file", {{"path", folder / "out"}, {"line_feeds", "eat"}}).failed,
      "eat"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
