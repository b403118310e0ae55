// Goal: what host and zygote say to each other survives the trip, and no bytes at all make the
// reader crash or believe nonsense. Method: messages there and back, every prefix of them, and
// random changes.

#include "troupe/process/detail/zygote_protocol.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

namespace troupe::detail {
namespace {

start_message sample_start() {
  start_message out;
  out.id = 7;
  out.kind = child_kind::command;
  out.method = start_method::spawn;
  out.wants_report = true;
  out.options.name = "parse/2";
  out.options.env = {{"A", "1"}, {"B", ""}};
  out.options.clear_env = true;
  out.options.working_dir = "/tmp";
  out.options.limits = {{3, 4, 5}};
  out.options.err = output_mode::discard;
  out.has_out = true;
  out.has_in = true;
  out.descriptor_count = 2;
  out.entry = {0x123456789};
  out.entry_home.assign(5, std::byte{7});
  out.argument = {std::byte{1}, std::byte{2}};
  out.argv = {"tool", "", "x"};
  return out;
}

hello_message sample_hello() {
  hello_message out;
  out.pid = 5;
  out.thread_count = 1;
  out.program_identity = 99;
  out.modules = {{1, 2, ""}, {3, 4, "/lib/x.so"}};
  return out;
}

exited_message sample_exited() {
  exited_message out;
  out.id = 3;
  out.wait_status = 11;
  out.user_time_us = 5;
  out.crash.signal = 11;
  out.crash.frames = {1, 2, 3};
  out.modules = {{1, 2, ""}, {3, 4, "/lib/x.so"}};
  return out;
}

// Whatever comes out must be re-encodable: nothing is half-read.
void read_as_anything(std::span<const std::byte> bytes) {
  static_cast<void>(kind_of(bytes));
  if (const auto message = decode_start(bytes)) static_cast<void>(encode(*message));
  if (const auto message = decode_hello(bytes)) static_cast<void>(encode(*message));
  if (const auto message = decode_exited(bytes)) static_cast<void>(encode(*message));
  static_cast<void>(decode_started(bytes).has_value());
  static_cast<void>(decode_failed(bytes).has_value());
  static_cast<void>(decode_signal_group(bytes).has_value());
}

BOOST_AUTO_TEST_SUITE(zygote_protocol_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(start_survives_the_trip) {
  const auto sample = sample_start();
  const auto bytes = encode(sample);
  BOOST_TEST((kind_of(bytes) == zygote_message::start));
  const auto read = decode_start(bytes);
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->options.name == sample.options.name);
  BOOST_TEST((read->options.env == sample.options.env));
  BOOST_TEST(read->options.clear_env);
  BOOST_TEST(read->options.limits.at(0).hard == 5U);
  BOOST_TEST((read->options.err == output_mode::discard));
  BOOST_TEST(read->descriptors_in_all() == 4U);
  BOOST_TEST((read->entry == sample.entry));
  BOOST_TEST((read->argument == sample.argument));
  BOOST_TEST((read->argv == sample.argv));
}

BOOST_AUTO_TEST_CASE(answers_survive_the_trip) {
  const auto hello = decode_hello(encode(sample_hello()));
  BOOST_TEST_REQUIRE(hello.has_value());
  BOOST_TEST(hello->modules.at(1).path == "/lib/x.so");
  const auto exited = decode_exited(encode(sample_exited()));
  BOOST_TEST_REQUIRE(exited.has_value());
  BOOST_TEST((exited->crash.frames == sample_exited().crash.frames));
  const auto failed = decode_failed(encode(failed_message{4, 2, "why"}));
  BOOST_TEST_REQUIRE(failed.has_value());
  BOOST_TEST(failed->text == "why");
}

BOOST_AUTO_TEST_CASE(every_prefix_is_refused) {
  for (const auto& whole :
       {encode(sample_start()), encode(sample_hello()), encode(sample_exited())}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto part = std::span{whole}.first(size);
      BOOST_TEST(!decode_start(part).has_value());
      BOOST_TEST(!decode_hello(part).has_value());
      BOOST_TEST(!decode_exited(part).has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(random_changes_do_no_harm) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  for (const auto& whole :
       {encode(sample_start()), encode(sample_hello()), encode(sample_exited())}) {
    for (int round = 0; round < 5000; ++round) {
      auto changed = whole;
      for (int left = 1 + static_cast<int>(random() % 4); left > 0; --left) {
        changed[random() % changed.size()] = static_cast<std::byte>(random());
      }
      read_as_anything(changed);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::detail
