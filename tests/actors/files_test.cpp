// Goal: the builtins for files do what the usual tools do, also on odd names and contents, and can
// be continued from every state.
// Method: each is driven job by job on a temporary folder; new sessions stand for new processes.

#include "driver.hpp"

#include "troupe/actors/sha256.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using lines = std::vector<std::string>;

lines all_of_source(const std::string& name, const json& config, std::size_t room,
                    bool restarts_each_time) {
  driver first;
  auto state = first.open(name, config).state;
  auto now = std::make_unique<driver>(std::move(first));
  lines all;
  while (true) {
    if (restarts_each_time) {
      now = std::make_unique<driver>();
      BOOST_REQUIRE(now->open(name, config, state).failed.empty());
    }
    auto got = now->produce(room);
    BOOST_REQUIRE_MESSAGE(got.failed.empty() && got.errors.empty(), got.failed);
    all.insert(all.end(), got.outputs.begin(), got.outputs.end());
    state = got.state;
    if (got.has_ended) return all;
  }
}

BOOST_AUTO_TEST_SUITE(files_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(file_tree_gives_regular_files_sorted_by_bytes) {
  scratch_folder folder;
  for (const auto* name : {"t/b", "t/a/x", "t/a-b", "t/a.c", "t/a/y/z", "t/.hidden", "t/ space"}) {
    folder.write(name, "x");
  }
  fs::create_directories(folder / "t/empty");
  fs::create_symlink("b", folder / "t/link");
  fs::create_directory_symlink("a", folder / "t/folder_link");
  ::mkfifo((folder / "t/fifo").c_str(), 0600);
  const auto root = folder / "t";
  lines expected;
  for (const auto* name : {" space", ".hidden", "a-b", "a.c", "a/x", "a/y/z", "b"}) {
    expected.push_back(root + "/" + name);
  }
  BOOST_TEST(all_of_source("file_tree", {{"root", root}}, 100, false) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(all_of_source("file_tree", {{"root", root}}, 1, true) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(all_of_source("file_tree", {{"root", root + "/"}}, 2, true) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(all_of_source("file_tree", {{"root", root + "/b"}}, 5, true) == lines{root + "/b"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(file_tree_says_what_is_missing) {
  driver one;
  BOOST_TEST(one.open("file_tree", {{"root", "/no/such"}}).failed.find("/no/such") !=
             std::string::npos);
  BOOST_TEST(one.open("file_tree", json::object()).failed.find("config.root is missing") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(file_lines_gives_every_line_and_the_last_without_line_feed) {
  scratch_folder folder;
  folder.write("f", "one\n\nthree\r\nlast");
  folder.write("empty", "");
  driver one;
  one.open("file_lines", json::object());
  BOOST_TEST(one.batch({folder / "f", folder / "empty"}).outputs ==
                 (lines{"one", "", "three\r", "last"}),
             boost::test_tools::per_element());
  const auto missing = one.batch({folder / "nothing", folder / "f"});
  BOOST_TEST(missing.errors.size() == 1U);
  BOOST_TEST(missing.errors[0].find("No such file") != std::string::npos);
  BOOST_TEST(missing.outputs.size() == 4U);
  BOOST_TEST(one.batch({folder.path()}).errors.at(0).find("Is a directory") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_file_is_given_in_pieces_that_can_be_continued_by_another) {
  scratch_folder folder;
  std::string text;
  lines expected;
  for (int i = 0; i < 50000; ++i) {
    expected.push_back("line " + std::to_string(i) +
                       std::string(static_cast<std::size_t>(i % 50), 'x'));
    text += expected.back() + '\n';
  }
  folder.write("f", text);
  lines got;
  driver one;
  one.open("file_lines", json::object());
  auto piece = one.batch({folder / "f"});
  int pieces = 0;
  while (true) {
    got.insert(got.end(), piece.outputs.begin(), piece.outputs.end());
    if (!piece.goes_on) break;
    ++pieces;
    driver other;
    other.open("file_lines", json::object());
    piece = (pieces % 2 == 0 ? one : other).resume(folder / "f", piece.cursor);
  }
  BOOST_TEST(pieces > 3);
  BOOST_TEST((got == expected));
  BOOST_TEST((all_of_source("lines_from_file", {{"path", folder / "f"}}, 999, true) == expected));
}

BOOST_AUTO_TEST_CASE(line_longer_than_the_read_buffer_is_whole) {
  scratch_folder folder;
  folder.write("f", std::string(1000000, 'a') + "\n" + std::string(700000, 'b'));
  driver one;
  one.open("file_lines", json::object());
  auto piece = one.batch({folder / "f"});
  BOOST_TEST(piece.outputs.at(0).size() == 1000000U);
  BOOST_REQUIRE(piece.goes_on);
  BOOST_TEST(one.resume(folder / "f", piece.cursor).outputs.at(0).size() == 700000U);
}

BOOST_AUTO_TEST_CASE(sha256_prints_as_sha256sum_does) {
  scratch_folder folder;
  folder.write("abc", "abc");
  folder.write("empty", "");
  driver one;
  one.open("sha256", json::object());
  const auto got = one.batch({folder / "abc", folder / "empty", folder / "none"});
  BOOST_TEST(got.outputs.at(0) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  " +
                 (folder / "abc"));
  BOOST_TEST(got.outputs.at(1).substr(0, 8) == "e3b0c442");
  BOOST_TEST(got.errors.size() == 1U);
  BOOST_TEST(actors::checksum_line("d", "a\nb\\c\rd") == "\\d  a\\nb\\\\c\\rd");
}

BOOST_AUTO_TEST_CASE(word_count_counts_as_sort_and_uniq_do) {
  driver one;
  one.open("word_count", json::object());
  one.batch({"b a\tb", "  a\v\fb\r", "", "\xc3\xa4 B"});
  const auto got = one.finish();
  BOOST_TEST(got.outputs == (lines{"1 B", "2 a", "3 b", "1 \xc3\xa4"}),
             boost::test_tools::per_element());
  driver other;
  other.open("word_count", json::object(), got.state);
  other.batch({"a"});
  BOOST_TEST(other.finish().outputs.at(1) == "3 a");
}

BOOST_AUTO_TEST_CASE(copy_file_keeps_paths_contents_and_modes) {
  scratch_folder folder;
  folder.write("from/a/b/file", "content");
  folder.write("from/other", "2");
  fs::permissions(folder / "from/a/b/file", fs::perms::owner_read | fs::perms::owner_exec);
  driver one;
  const json config{{"root", folder / "from"}, {"target", folder / "to"}};
  BOOST_TEST(one.open("copy_file", config).failed.empty());
  const auto got =
      one.batch({folder / "from/a/b/file", "other", "/etc/passwd", "../x", folder / "from"});
  BOOST_TEST(got.outputs == (lines{"a/b/file", "other"}), boost::test_tools::per_element());
  BOOST_TEST(got.errors.size() == 3U);
  BOOST_TEST(got.final_errors.at(0));
  BOOST_TEST(content_of(folder / "to/a/b/file") == "content");
  BOOST_TEST((fs::status(folder / "to/a/b/file").permissions() ==
              (fs::perms::owner_read | fs::perms::owner_exec)));
  one.batch({"a/b/file"}); // Again, over a file without the right to write.
  BOOST_TEST(content_of(folder / "to/a/b/file") == "content");
  for (const auto& each : fs::recursive_directory_iterator{folder / "to"}) {
    BOOST_TEST(each.path().filename().string().find(".troupe") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(lines_to_file_cuts_off_what_was_not_committed) {
  scratch_folder folder;
  const json config{{"path", folder / "out"}};
  folder.write("out", "old\n");
  driver one;
  auto state = one.open("lines_to_file", config).state;
  state = one.batch({"a", "b"}).state;
  one.batch({"lost"});
  BOOST_TEST(content_of(folder / "out") == "a\nb\nlost\n");
  driver other;
  BOOST_TEST(other.open("lines_to_file", config, state).failed.empty());
  other.batch({"c"});
  BOOST_TEST(content_of(folder / "out") == "a\nb\nc\n");
}

BOOST_AUTO_TEST_CASE(lines_to_file_appends_when_asked) {
  scratch_folder folder;
  folder.write("out", "old\n");
  driver one;
  const json config{{"path", folder / "out"}, {"append", true}};
  const auto state = one.open("lines_to_file", config).state;
  one.batch({"lost"});
  driver other;
  other.open("lines_to_file", config, state);
  other.batch({"new"});
  BOOST_TEST(content_of(folder / "out") == "old\nnew\n");
}

BOOST_AUTO_TEST_CASE(lines_to_file_tells_what_to_do) {
  scratch_folder folder;
  driver one;
  const auto open = [&](const std::string& path) {
    return one.open("lines_to_file", {{"path", path}}).failed;
  };
  BOOST_TEST(open(folder / "none/out") == "cannot open " + (folder / "none/out") +
                                              ": No such file or directory; make its folder first");
  BOOST_TEST(open(folder.path()).find("Is a directory") != std::string::npos);
  BOOST_TEST(open("/dev/full").empty());
  BOOST_TEST(one.batch({"x"}).failed ==
             "cannot write to /dev/full: No space left on device; free some space and run again");
}

BOOST_AUTO_TEST_CASE(lines_to_file_notices_that_its_file_was_changed) {
  scratch_folder folder;
  const json config{{"path", folder / "out"}};
  driver one;
  one.open("lines_to_file", config);
  const auto state = one.batch({"aaaa"}).state;
  folder.write("out", "");
  driver other;
  BOOST_TEST(
      other.open("lines_to_file", config, state).failed.find("something else has changed it") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(module_brings_workers_of_its_own) {
  driver one;
  BOOST_TEST(one.open("shout", json::object(), {}, TEST_MODULE).failed.empty());
  BOOST_TEST(one.batch({"hey"}).outputs.at(0) == "hey!");
  BOOST_TEST(one.open("shout", json::object()).failed.find("no worker 'shout'") !=
             std::string::npos);
  BOOST_TEST(
      one.open("shaut", json::object(), {}, TEST_MODULE).failed.find("did you mean 'shout'") !=
      std::string::npos);
  BOOST_TEST(
      one.open("shout", json::object(), {}, "/no/such.so").failed.find("cannot load module") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_builtin_is_described_and_found) {
  actors::install_builtins();
  for (const auto& each : actors::builtins()) {
    const auto* const entry = find_worker(worker_list(), each.name);
    BOOST_REQUIRE_MESSAGE(entry != nullptr, each.name);
    BOOST_TEST((entry->role == each.role), each.name);
    BOOST_TEST(!each.summary.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
