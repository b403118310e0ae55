// Goal: the progress line never promises what it cannot know, and fits the terminal.
// Method: views of a troupe at chosen instants go in, lines come out.

#include "troupe/cli/progress.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {
namespace {

config::pool_spec pool(const std::string& name, const std::string& input,
                       const std::string& output) {
  config::pool_spec out;
  out.name = name;
  if (!input.empty()) out.inputs.push_back({.name = input, .at = {}});
  if (!output.empty()) out.outputs.push_back({.name = output, .at = {}});
  return out;
}

// files -> hash -> list, written down in another order.
config::troupe_spec make_spec() {
  config::troupe_spec spec;
  spec.name = "sums";
  spec.pools = {pool("list", "sums", ""), pool("files", "", "paths"),
                pool("hash", "paths", "sums")};
  return spec;
}

struct state {
  std::int64_t elapsed_ms = 0;
  std::uint64_t found = 0;
  bool has_found_all = false;
  std::uint64_t hashed = 0;
  std::uint64_t listed = 0;
};

control::troupe_view view_of(const state& now) {
  control::troupe_view view;
  view.name = "sums";
  view.state = "running";
  view.elapsed_ms = now.elapsed_ms;
  view.pools.resize(3);
  view.pools[0].name = "files";
  view.pools[0].role = "source";
  view.pools[0].messages.out = now.found;
  view.pools[0].is_finished = now.has_found_all;
  view.pools[1].name = "hash";
  view.pools[1].role = "transform";
  view.pools[1].messages.done = view.pools[1].messages.out = now.hashed;
  view.pools[1].is_finished = now.has_found_all && now.hashed == now.found;
  view.pools[2].name = "list";
  view.pools[2].role = "sink";
  view.pools[2].messages.done = now.listed;
  return view;
}

BOOST_AUTO_TEST_SUITE(progress_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(without_a_total_there_is_a_rate_but_no_bar) {
  progress shown{make_spec()};
  shown.note(view_of({.elapsed_ms = 1000, .found = 500, .hashed = 100, .listed = 90}));
  shown.note(view_of({.elapsed_ms = 2000, .found = 900, .hashed = 300, .listed = 290}));
  BOOST_TEST(shown.line(100) == "sums: files 900 > hash 300 > list 290, 200/s, 2.0s");
}

BOOST_AUTO_TEST_CASE(once_the_source_has_ended_there_is_a_bar_and_the_time_left) {
  progress shown{make_spec()};
  shown.note(view_of(
      {.elapsed_ms = 1000, .found = 1000, .has_found_all = true, .hashed = 300, .listed = 90}));
  shown.note(view_of(
      {.elapsed_ms = 2000, .found = 1000, .has_found_all = true, .hashed = 500, .listed = 90}));
  BOOST_TEST(shown.line(200) == "sums: hash [====================>                   ] "
                                "50% 500/1000, 200/s, 2.5s left");
  BOOST_TEST(shown.line(55) == "sums: hash [=====>    ] 50% 500/1000, 200/s, 2.5s left");
  BOOST_TEST(shown.line(40) == "sums: hash [======>      ] 50% 500/1000");
}

BOOST_AUTO_TEST_CASE(at_every_width_the_line_fits_and_its_numbers_are_whole) {
  progress shown{make_spec()};
  for (const bool has_all : {false, true}) {
    for (const auto* const state : {"running", "stopping"}) {
      for (const std::int64_t at : {1000, 3000}) {
        auto view = view_of({.elapsed_ms = at,
                             .found = 12345,
                             .has_found_all = has_all,
                             .hashed = 1000 * static_cast<std::uint64_t>(at) / 500,
                             .listed = 17});
        view.state = state;
        view.kills = 12;
        shown.note(view);
      }
      const auto whole = shown.line(1000);
      for (std::size_t columns = 0; columns < 200; ++columns) {
        const auto line = shown.line(columns);
        BOOST_TEST(line.size() < std::max<std::size_t>(columns, 1));
        // Cut lines say so; the others end with something that the whole line has.
        const auto tail = line.substr(line.size() - std::min<std::size_t>(line.size(), 6));
        const bool is_whole = whole.find(tail) != std::string::npos;
        BOOST_TEST((is_whole || line.ends_with("...") || columns < 4), line);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_bar_goes_on_to_the_next_stage) {
  progress shown{make_spec()};
  shown.note(view_of(
      {.elapsed_ms = 1000, .found = 100, .has_found_all = true, .hashed = 100, .listed = 25}));
  BOOST_TEST(shown.line(100).starts_with("sums: list ["));
  BOOST_TEST(shown.line(100).find("25% 25/100") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_pipeline_has_no_bar) {
  progress shown{make_spec()};
  shown.note(view_of({.elapsed_ms = 10, .has_found_all = true}));
  BOOST_TEST(shown.line(100).find('[') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(trouble_is_told) {
  progress shown{make_spec()};
  auto view = view_of({.elapsed_ms = 1000, .found = 10, .hashed = 5});
  view.kills = 2;
  view.pools[1].restarts = 1;
  view.pools[1].messages.dead_letters = 3;
  view.state = "stopping";
  shown.note(view);
  BOOST_TEST(shown.line(200) == "sums: files 10 > hash 5 > list 0, 1.0s, 2 kills, 1 restart, "
                                "3 dead letters (stopping)");
  BOOST_TEST(shown.plain_line() ==
             "1.0s: files 10, hash 5, list 0, 2 kills, 1 restart, 3 dead letters");
}

BOOST_AUTO_TEST_CASE(numbers_are_short) {
  BOOST_TEST(short_count(0) == "0");
  BOOST_TEST(short_count(9999) == "9999");
  BOOST_TEST(short_count(9999.9) == "10.0k");
  BOOST_TEST(short_count(999'999) == "1.0M");
  BOOST_TEST(short_count(12'345'678) == "12.3M");
  BOOST_TEST(short_count(5e9) == "5.0G");
  BOOST_TEST(short_time(0) == "0.0s");
  BOOST_TEST(short_time(9'949) == "9.9s");
  BOOST_TEST(short_time(12'700) == "12s");
  BOOST_TEST(short_time(185'000) == "3m05s");
  BOOST_TEST(short_time(3'720'000) == "1h02m");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::cli
