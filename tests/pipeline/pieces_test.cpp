// Goal: what is too long for one payload arrives as it was sent, whatever its bytes are, in both
// directions; what does not is noticed, and its worker replaced.
// Method: blobs whose bytes around every border of a piece take every value, sent through simulated
// lanes, also with deaths and with pieces that are lost, changed or doubled. Seeds are fixed, so
// that all 256 values are tried.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include "troupe/pipeline/pieces.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

using pipeline::bytes_view;
using pipeline::graph_spec;
using pipeline::piece_collector;
using progress = pipeline::piece_collector::progress;

constexpr std::uint64_t blobs_per_round = 16;

pipeline::channel_spec wide(const std::string& name) {
  auto made = channel(name, 4);
  made.max_message_bytes = std::size_t{16} << 20;
  return made;
}

// blobs -> middle -> file "/out"
graph_spec line(const std::string& worker, std::uint64_t seed, std::uint64_t count) {
  graph_spec spec{{wide("a"), wide("b")},
                  {stage("source", "blobs", {}, {"a"},
                         R"({"count": )" + std::to_string(count) + R"(, "seed": )" +
                             std::to_string(seed) + "}"),
                   stage("middle", worker, {"a"}, {"b"}),
                   stage("sink", "to_file", {"b"}, {}, R"({"path": "/out"})")}};
  for (auto& each : spec.stages) each.retry.max_attempts = 1000;
  spec.stages[1].order = pipeline::stage_order::preserve;
  spec.stages[1].checkpoint.messages = 3;
  return spec;
}

std::uint64_t check(const std::string& worker, std::uint64_t seed, const fate& chances,
                    std::uint64_t count = blobs_per_round) {
  files().clear();
  std::string expected;
  for (std::uint64_t i = 0; i < count; ++i) expected += blob(seed, i) + "\n";
  fake_world world{line(worker, seed, count), seed, chances};
  BOOST_REQUIRE_MESSAGE(world.run(), "did not end, seed " << seed << world.report());
  BOOST_REQUIRE_MESSAGE(files()["/out"] == expected, "output differs, seed " << seed);
  std::uint64_t garbled = 0;
  for (std::size_t i = 0; i < 3; ++i) garbled += world.lane(i).garbled;
  return garbled;
}

std::vector<std::byte> piece(std::uint32_t index, bytes_view whole, std::uint64_t sum,
                             std::size_t from, std::size_t size) {
  std::vector<std::byte> made;
  pipeline::encode_piece(made, {index, whole.size(), sum}, whole.subspan(from, size));
  return made;
}

BOOST_AUTO_TEST_SUITE(pieces_suite, *boost::unit_test::timeout(250))

BOOST_AUTO_TEST_CASE(no_byte_at_the_border_of_a_piece_is_taken_for_a_mark) {
  for (std::uint64_t seed = 0; seed < 256; seed += blobs_per_round) check("echo", seed, {});
}

BOOST_AUTO_TEST_CASE(long_jobs_answers_and_states_survive_deaths) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    // Per piece, so a state of some MiB gets through only now and then.
    const fate chances{.kill_before = 20, .kill_after = 30, .kill_inside = 10, .refuse_post = 100};
    check("echo", seed, chances, 8);
    check("keep", seed, chances, 4);
  }
}

BOOST_AUTO_TEST_CASE(piece_that_does_not_arrive_as_it_was_sent_costs_its_worker_and_no_byte) {
  std::uint64_t garbled = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    garbled += check("echo", seed, {.garble = 50}, 8);
    garbled += check("keep", seed, {.garble = 30}, 4);
  }
  BOOST_TEST(garbled > 10U);
}

BOOST_AUTO_TEST_CASE(pieces_are_joined_only_in_their_order_and_as_they_were) {
  const auto text = std::string(100, 'a') + std::string(100, 'b');
  const auto whole = std::as_bytes(std::span{text});
  const auto sum = pipeline::checksum(whole);
  const auto first = piece(0, whole, sum, 0, 120);
  const auto last = piece(1, whole, sum, 120, 80);
  piece_collector one;
  BOOST_TEST((one.add(first) == progress::incomplete));
  BOOST_TEST((one.add(last) == progress::whole));
  const auto made = one.take();
  BOOST_TEST(std::string{pipeline::detail::as_text(made)} == text);
  BOOST_TEST(one.is_empty());

  const auto second_of = [&](const std::vector<std::byte>& second) {
    piece_collector other;
    BOOST_TEST((other.add(first) == progress::incomplete));
    return other.add(second);
  };
  auto changed = last;
  changed.back() ^= std::byte{1};
  BOOST_TEST((second_of(changed) == progress::broken));
  BOOST_TEST((second_of(first) == progress::broken));
  BOOST_TEST((second_of(piece(2, whole, sum, 120, 80)) == progress::broken));
  BOOST_TEST((second_of(piece(1, whole, sum + 1, 120, 80)) == progress::broken));
  BOOST_TEST((second_of(piece(1, whole, sum, 119, 81)) == progress::broken)); // One byte too many.
  BOOST_TEST((second_of({last.begin(), last.begin() + 5}) == progress::broken));
  BOOST_TEST((second_of(pipeline::encode_bare(pipeline::job_kind::fetch)) == progress::broken));
  BOOST_TEST((second_of({}) == progress::broken));
  piece_collector none;
  BOOST_TEST((none.add(last) == progress::broken));
}

BOOST_AUTO_TEST_CASE(checksum_notices_every_single_change) {
  for (std::size_t size = 1; size < 100; ++size) {
    std::vector<std::byte> bytes(size);
    const auto before = pipeline::checksum(bytes);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] ^= std::byte{0x80};
      BOOST_REQUIRE(pipeline::checksum(bytes) != before);
      bytes[i] ^= std::byte{0x80};
    }
    bytes.push_back({});
    BOOST_REQUIRE(pipeline::checksum(bytes) != before);
  }
}

BOOST_AUTO_TEST_CASE(reply_from_another_place_of_the_stream_is_nonsense) {
  pipeline::session worker;
  std::vector<std::byte> reply;
  const auto take = [&](bytes_view bytes) { reply.assign(bytes.begin(), bytes.end()); };
  worker.run(pipeline::encode_bare(pipeline::job_kind::finish), take);
  for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
    struct one_port final : lane_port {
      bool post(slot_id, job_id job, std::span<const std::byte>) override {
        posted = job;
        return true;
      }
      [[nodiscard]] std::size_t in_flight(slot_id) const override { return 0; }
      void kill(slot_id, end_reason) override {}
      job_id posted;
    } port;
    pipeline::lane link{slot_id{0}};
    link.attach();
    link.enqueue(pipeline::job_kind::finish, pipeline::encode_bare(pipeline::job_kind::finish));
    link.flush(port);
    reply[0] = static_cast<std::byte>(place);
    BOOST_TEST(link.take_reply(port.posted, reply_kind::value, reply) == (place == 0));
    BOOST_TEST(!link.take_reply(port.posted, reply_kind::value, bytes_view{reply}.first(3)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
