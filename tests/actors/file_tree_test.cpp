// Goal: what file_tree cannot read is told and counted, exactly once, and never left out in
// silence. Method: trees with folders that refuse, at every place and cursor, as an ordinary user
// sees them.

#include "driver.hpp"
#include "ordinary_user.hpp"

#include "troupe/actors/file_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using lines = std::vector<std::string>;

struct walk {
  lines found;
  lines skipped;
  lines reasons;
  std::string failed;
};

// Walks with `room` paths at a time; each piece by a new worker, if wanted.
walk walk_tree(const json& config, std::size_t room, bool restarts_each_time) {
  walk all;
  driver first;
  auto opened = first.open("file_tree", config);
  auto state = opened.state;
  auto now = std::make_unique<driver>(std::move(first));
  all.failed = opened.failed;
  while (all.failed.empty()) {
    if (restarts_each_time) {
      now = std::make_unique<driver>();
      BOOST_REQUIRE(now->open("file_tree", config, state).failed.empty());
    }
    const auto got = now->produce(room);
    all.failed = got.failed;
    all.found.insert(all.found.end(), got.outputs.begin(), got.outputs.end());
    all.skipped.insert(all.skipped.end(), got.skipped.begin(), got.skipped.end());
    all.reasons.insert(all.reasons.end(), got.reasons.begin(), got.reasons.end());
    state = got.state;
    if (got.has_ended) break;
  }
  return all;
}

struct forbidding_tree {
  forbidding_tree() {
    ::chmod(folder.path().c_str(), 0755);
    for (const auto* name : {"t/a/x", "t/b/hidden", "t/c/x", "t/d/listed", "t/d/sub/x", "t/e/sub/x",
                             "t/e/sub2/x", "t/f"}) {
      folder.write(name, "x");
    }
    ::chmod((folder / "t/b").c_str(), 0000);
    ::chmod((folder / "t/d").c_str(), 0444); // May be listed and not entered.
    ::chmod((folder / "t/e/sub2").c_str(), 0111);
  }
  ~forbidding_tree() {
    for (const auto* name : {"t/b", "t/d", "t/e/sub2"}) ::chmod((folder / name).c_str(), 0755);
  }
  [[nodiscard]] std::string at(const std::string& name) const { return folder / ("t/" + name); }

  scratch_folder folder;
};

// The way down to a folder whose path is far longer than PATH_MAX, made by descriptors.
class deep_tree {
public:
  static constexpr int levels = 100;

  explicit deep_tree(const std::string& root) : path_{root} {
    int at = ::open(root.c_str(), O_RDONLY | O_DIRECTORY);
    const std::string name(200, 'd');
    for (int i = 0; i < levels; ++i) {
      BOOST_REQUIRE(::mkdirat(at, name.c_str(), 0755) == 0);
      const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY);
      BOOST_REQUIRE(next >= 0);
      ::close(at);
      at = next;
      path_ += '/' + name;
    }
    const int file = ::openat(at, "file", O_WRONLY | O_CREAT, 0644);
    BOOST_REQUIRE(::write(file, "abc", 3) == 3);
    ::close(file);
    ::close(at);
    path_ += "/file";
  }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

BOOST_AUTO_TEST_SUITE(file_tree_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(folders_that_refuse_are_skipped_once_each_from_every_cursor,
                        forbidding_tree) {
  const json config{{"root", folder / "t"}, {"on_error", "skip"}};
  const ordinary_user someone;
  for (const std::size_t room : {1U, 2U, 100U}) {
    for (const bool restarts : {false, true}) {
      const auto got = walk_tree(config, room, restarts);
      BOOST_TEST(got.failed.empty(), got.failed);
      BOOST_TEST(got.found == (lines{at("a/x"), at("c/x"), at("e/sub/x"), at("f")}),
                 boost::test_tools::per_element());
      BOOST_TEST(got.skipped == (lines{at("b/"), at("d/"), at("e/sub2/")}),
                 boost::test_tools::per_element());
      BOOST_TEST(
          got.reasons.at(1).find("'" + at("d/") + "' cannot be entered: Permission denied") !=
          std::string::npos);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(without_the_rule_the_first_one_fails_the_pipeline, forbidding_tree) {
  const ordinary_user someone;
  const auto got = walk_tree({{"root", folder / "t"}}, 100, false);
  BOOST_TEST(got.failed.find("'" + at("b/") + "' cannot be opened: Permission denied") !=
             std::string::npos);
  BOOST_TEST(got.failed.find("on_error: skip") != std::string::npos);
  BOOST_TEST(got.skipped.empty());
}

BOOST_FIXTURE_TEST_CASE(a_root_that_cannot_be_read_fails_under_every_rule, forbidding_tree) {
  const ordinary_user someone;
  for (const auto* root : {"b", "d", "e/sub2"}) {
    const auto got = walk_tree({{"root", at(root)}, {"on_error", "skip"}}, 100, false);
    BOOST_TEST(got.failed.find("cannot read '" + at(root)) != std::string::npos, got.failed);
  }
}

BOOST_AUTO_TEST_CASE(a_root_that_is_neither_folder_nor_file_is_refused) {
  scratch_folder folder;
  ::mkfifo((folder / "fifo").c_str(), 0600);
  fs::create_symlink("loop", folder / "loop");
  for (const auto& root : {folder / "fifo", folder / "loop", std::string{"/dev/null"}}) {
    BOOST_TEST(driver{}.open("file_tree", {{"root", root}}).failed.find(root) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_path_longer_than_path_max_is_found_and_its_file_read) {
  scratch_folder folder;
  fs::create_directories(folder / "t");
  folder.write("t/z", "");
  const deep_tree deep{folder / "t"};
  BOOST_REQUIRE(deep.path().size() > PATH_MAX);
  static_assert(deep_tree::levels > actors::file_tree::open_folders_max);
  for (const bool restarts : {false, true}) {
    const auto got = walk_tree({{"root", folder / "t"}}, 1, restarts);
    BOOST_TEST((got.found == lines{deep.path(), folder / "t/z"}), got.failed);
  }
  driver one;
  one.open("sha256", json::object());
  const auto sum = one.batch({deep.path(), deep.path() + "x"});
  BOOST_TEST(sum.outputs.at(0).starts_with("ba7816bf8f01cfea"));
  BOOST_TEST(sum.errors.at(0).find("No such file") != std::string::npos);
  one.open("file_lines", json::object());
  BOOST_TEST(one.batch({deep.path()}).outputs == lines{"abc"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_deep_tree_needs_few_descriptors) {
  scratch_folder folder;
  const deep_tree deep{folder.path()};
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{actors::file_tree::open_folders_max + 20, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  const auto got = walk_tree({{"root", folder.path()}}, 10, false);
  ::setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST((got.found == lines{deep.path()}), got.failed);
}

BOOST_AUTO_TEST_CASE(loops_of_links_are_not_followed) {
  scratch_folder folder;
  folder.write("t/a/file", "x");
  fs::create_directory_symlink("..", folder / "t/a/up");
  fs::create_symlink("self", folder / "t/self");
  const auto got = walk_tree({{"root", folder / "t"}}, 10, false);
  BOOST_TEST((got.found == lines{folder / "t/a/file"}), got.failed);
}

BOOST_AUTO_TEST_CASE(what_vanishes_while_it_walks_is_no_error) {
  scratch_folder folder;
  for (const auto* name : {"t/a/x", "t/b/x", "t/c/x", "t/d/x"}) folder.write(name, "x");
  driver one;
  one.open("file_tree", {{"root", folder / "t"}});
  BOOST_TEST(one.produce(1).outputs.size() == 1U); // The root is listed now.
  fs::remove_all(folder / "t/b");
  fs::remove_all(folder / "t/c");
  fs::create_symlink("a", folder / "t/c");
  const auto got = one.produce(10);
  BOOST_TEST(got.failed.empty(), got.failed);
  BOOST_TEST(got.outputs == lines{folder / "t/d/x"}, boost::test_tools::per_element());
  BOOST_TEST(got.skipped.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
