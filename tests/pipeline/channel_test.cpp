// Goal: a channel keeps its bounds and its order, and accounts for every message under each policy.
// Method: push and pop by hand; a random run against a plain deque.

#include "troupe/pipeline/channel.hpp"

#include "troupe/pipeline/order_buffer.hpp"

#include "troupe/pipeline/batch_sizer.hpp"
#include "troupe/pipeline/detail/cursor.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace troupe::pipeline {
namespace {

channel_spec spec_of(std::size_t capacity, when_full policy, std::size_t bytes = 1 << 20) {
  channel_spec spec;
  spec.name = "c";
  spec.capacity = capacity;
  spec.max_bytes = bytes;
  spec.policy = policy;
  return spec;
}

push_result push(channel& to, const std::string& text) {
  return to.push(detail::as_bytes(text));
}

std::string pop(channel& from) {
  std::string text{detail::as_text(from.front())};
  from.pop_front();
  return text;
}

output_block block_of(const std::vector<std::string>& messages) {
  output_block block;
  for (const auto& each : messages) {
    pack(block.bytes, detail::as_bytes(each));
    ++block.size.count;
    block.size.bytes += each.size();
  }
  return block;
}

std::string joined(const output_block& block) {
  std::string text;
  bytes_view rest{block.bytes};
  while (const auto message = unpack(rest)) text += std::string{detail::as_text(*message)} + ' ';
  return text;
}

BOOST_AUTO_TEST_SUITE(channel_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(blocking_channel_refuses_when_full_and_loses_nothing) {
  channel c{spec_of(2, when_full::block)};
  BOOST_TEST((push(c, "a") == push_result::accepted));
  BOOST_TEST((push(c, "b") == push_result::accepted));
  BOOST_TEST((push(c, "c") == push_result::full));
  BOOST_TEST(c.room() == 0U);
  BOOST_TEST(pop(c) == "a");
  BOOST_TEST(c.room() == 1U);
  BOOST_TEST((push(c, "c") == push_result::accepted));
  BOOST_TEST(pop(c) == "b");
  BOOST_TEST(pop(c) == "c");
  BOOST_TEST(c.counters().pushed == 3U);
  BOOST_TEST(c.counters().popped == 3U);
}

BOOST_AUTO_TEST_CASE(drop_newest_keeps_the_first_and_counts) {
  channel c{spec_of(2, when_full::drop_newest)};
  for (const auto* text : {"a", "b", "c", "d"}) push(c, text);
  BOOST_TEST(pop(c) == "a");
  BOOST_TEST(pop(c) == "b");
  BOOST_TEST(c.is_empty());
  BOOST_TEST(c.counters().dropped == 2U);
  BOOST_TEST(c.counters().pushed == 2U);
}

BOOST_AUTO_TEST_CASE(drop_oldest_keeps_the_last_and_counts) {
  channel c{spec_of(2, when_full::drop_oldest)};
  for (const auto* text : {"a", "b", "c", "d"}) push(c, text);
  BOOST_TEST(pop(c) == "c");
  BOOST_TEST(pop(c) == "d");
  const auto seen = c.counters();
  BOOST_TEST(seen.dropped == 2U);
  BOOST_TEST(seen.pushed == seen.popped + seen.dropped);
}

BOOST_AUTO_TEST_CASE(reject_tells_the_producer) {
  channel c{spec_of(1, when_full::reject)};
  BOOST_TEST((push(c, "a") == push_result::accepted));
  BOOST_TEST((push(c, "b") == push_result::rejected));
  BOOST_TEST(c.counters().rejected == 1U);
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_but_a_huge_message_passes_alone) {
  channel c{spec_of(100, when_full::block, 10)};
  BOOST_TEST((push(c, "123456") == push_result::accepted));
  BOOST_TEST((push(c, "12345") == push_result::full));
  BOOST_TEST((push(c, "1234") == push_result::accepted));
  pop(c);
  pop(c);
  BOOST_TEST((push(c, std::string(50, 'x')) == push_result::accepted));
  BOOST_TEST((push(c, "y") == push_result::full));
  BOOST_TEST(pop(c).size() == 50U);
}

BOOST_AUTO_TEST_CASE(ends_when_the_last_producer_has_and_it_is_empty) {
  channel c{spec_of(4, when_full::block)};
  c.add_producer();
  c.add_producer();
  push(c, "a");
  c.remove_producer();
  BOOST_TEST(!c.is_closed());
  c.remove_producer();
  BOOST_TEST(c.is_closed());
  BOOST_TEST(!c.has_ended());
  pop(c);
  BOOST_TEST(c.has_ended());
}

BOOST_AUTO_TEST_CASE(behaves_like_a_plain_queue_in_random_use) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  channel c{spec_of(500, when_full::block)};
  std::deque<std::string> model;
  for (int i = 0; i < 200000; ++i) {
    if (random() % 2 == 0) {
      const std::string text(random() % 300, static_cast<char>('a' + i % 26));
      const bool fits = push(c, text) == push_result::accepted;
      BOOST_REQUIRE(fits == (model.size() < 500));
      if (fits) model.push_back(text);
    } else if (!model.empty()) {
      const auto size = c.peek({1 + random() % 8, 600});
      std::vector<std::byte> block;
      c.pop_to(block, size);
      BOOST_REQUIRE((measure(block) == size));
      bytes_view rest{block};
      while (const auto message = unpack(rest)) {
        BOOST_REQUIRE(detail::as_text(*message) == model.front());
        model.pop_front();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_broken_block_is_noticed) {
  std::vector<std::byte> block;
  pack(block, detail::as_bytes("hello"));
  BOOST_TEST((measure(block) == packed_size{1, 5}));
  block.pop_back();
  BOOST_TEST(!measure(block).has_value());
  BOOST_TEST(!measure(bytes_view{block}.first(3)).has_value());
}

BOOST_AUTO_TEST_CASE(order_buffer_releases_in_input_order) {
  order_buffer order;
  output_block ready;
  order.complete(2, 2, block_of({"c", "d"}));
  BOOST_TEST(!order.release(ready));
  order.complete(0, 1, block_of({"a"}));
  BOOST_TEST(order.release(ready));
  BOOST_TEST(joined(ready) == "a ");
  BOOST_TEST(!order.release(ready));
  order.extend(1, block_of({"b1"}));
  BOOST_TEST(order.release(ready));
  BOOST_TEST(joined(ready) == "b1 ");
  BOOST_TEST(!order.release(ready));
  order.extend(1, block_of({"b2"}));
  order.complete(1, 1, block_of({"b3"}));
  BOOST_TEST(order.release(ready));
  BOOST_TEST(joined(ready) == "b2 b3 ");
  BOOST_TEST(order.release(ready));
  BOOST_TEST(joined(ready) == "c d ");
  BOOST_TEST(order.is_empty());
  BOOST_TEST(order.held_bytes() == 0U);
  BOOST_TEST(order.next() == 4U);
}

BOOST_AUTO_TEST_CASE(batches_grow_for_cheap_messages_and_shrink_for_costly_ones) {
  using std::chrono::microseconds;
  batch_sizer sizer;
  BOOST_TEST(sizer.limit().count == 1U);
  for (int i = 0; i < 10; ++i) sizer.record(sizer.limit().count, microseconds{1});
  BOOST_TEST(sizer.limit().count == batch_messages_max);
  BOOST_TEST(!sizer.is_expensive());
  sizer.record(1, microseconds{100000});
  BOOST_TEST(sizer.limit().count == 1U);
  BOOST_TEST(sizer.is_expensive());
  BOOST_TEST(sizer.share(8, 6, 3) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pipeline
