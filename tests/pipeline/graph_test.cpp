// Goal: a pipeline that cannot work is refused before anything starts, with a sentence that helps.
// Method: specs with one mistake each.

#include "troupe/pipeline/graph.hpp"

#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe::pipeline {
namespace {

using test::channel;
using test::stage;

std::string mistake(graph_spec spec) {
  auto made = graph::make(std::move(spec));
  return made ? "none" : made.error().message;
}

bool says(graph_spec spec, std::string_view part) {
  const auto text = mistake(std::move(spec));
  BOOST_TEST_MESSAGE(text);
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(graph_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(a_line_is_sorted_by_dataflow) {
  auto made = graph::make({{channel("a"), channel("b")},
                           {stage("sink", "to_file", {"b"}, {}), stage("mid", "echo", {"a"}, {"b"}),
                            stage("src", "numbers", {}, {"a"})}});
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST((made->dataflow() == std::vector<std::size_t>{2, 1, 0}));
  BOOST_TEST(made->producers_of(0) == 1U);
  BOOST_TEST(made->consumers_of(1) == 1U);
}

BOOST_AUTO_TEST_CASE(unknown_channel_is_refused) {
  BOOST_TEST(says({{channel("a")}, {stage("src", "numbers", {}, {"zz"})}}, "'zz'"));
}

BOOST_AUTO_TEST_CASE(channel_without_consumer_or_producer_is_refused) {
  BOOST_TEST(says({{channel("a")}, {stage("src", "numbers", {}, {"a"})}}, "no consumer"));
  BOOST_TEST(says({{channel("a")}, {stage("sink", "to_file", {"a"}, {})}}, "no producer"));
  auto outside = channel("a");
  outside.is_external = true;
  BOOST_TEST(mistake({{outside}, {stage("sink", "to_file", {"a"}, {})}}) == "none");
}

BOOST_AUTO_TEST_CASE(dead_letter_channel_needs_no_consumer) {
  auto mid = stage("mid", "echo", {"a"}, {"b"});
  mid.dead_letter = "dead";
  const graph_spec spec{
      {channel("a"), channel("b"), channel("dead")},
      {stage("src", "numbers", {}, {"a"}), mid, stage("sink", "to_file", {"b"}, {})}};
  BOOST_TEST(mistake(spec) == "none");
}

BOOST_AUTO_TEST_CASE(circle_is_refused_and_named) {
  BOOST_TEST(says({{channel("a"), channel("b")},
                   {stage("x", "echo", {"a"}, {"b"}), stage("y", "echo", {"b"}, {"a"})}},
                  "x, y"));
}

BOOST_AUTO_TEST_CASE(circle_through_the_dead_letter_is_refused) {
  auto x = stage("x", "echo", {"a"}, {"b"});
  x.dead_letter = "a";
  BOOST_TEST(says({{channel("a"), channel("b")},
                   {stage("src", "numbers", {}, {"a"}), x, stage("s", "to_file", {"b"}, {})}},
                  "own input"));
}

BOOST_AUTO_TEST_CASE(diamond_is_no_circle) {
  BOOST_TEST(mistake({{channel("a"), channel("b"), channel("c"), channel("d")},
                      {stage("src", "numbers", {}, {"a", "b"}), stage("l", "echo", {"a"}, {"c"}),
                       stage("r", "echo", {"b"}, {"d"}), stage("s", "to_file", {"c", "d"}, {})}}) ==
             "none");
}

BOOST_AUTO_TEST_CASE(source_has_one_replica_and_roles_fit_their_ends) {
  auto source = stage("src", "numbers", {}, {"a"});
  source.replicas = 2;
  BOOST_TEST(says({{channel("a")}, {source, stage("s", "to_file", {"a"}, {})}}, "one cursor"));
  auto sink = stage("s", "to_file", {"a"}, {"b"});
  sink.role = worker_role::sink;
  BOOST_TEST(says({{channel("a"), channel("b")},
                   {stage("src", "numbers", {}, {"a"}), sink, stage("t", "echo", {"b"}, {})}},
                  "remove its output"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pipeline
