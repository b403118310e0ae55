// Goal: any executable runs with the streams, directory, limits and environment it was given; one
// that cannot run is refused with a sentence that says what is wrong.
// Method: support/puppet with a mode; files made for the errors.

#include "support/launch_fixture.hpp"
#include "support/print.hpp"
#include "support/temporary_folder.hpp"

#include "troupe/os/pipe.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace troupe {
namespace {

using test::launch_fixture;
namespace fs = std::filesystem;

struct command_fixture : launch_fixture {
  std::string file(const std::string& name, const std::string& text, bool is_executable) const {
    const auto path = directory / name;
    std::ofstream{path} << text;
    if (is_executable) fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  std::shared_ptr<test::recording_observer> puppet(std::vector<std::string> words,
                                                   process_options options = {}) {
    words.insert(words.begin(), TROUPE_PUPPET);
    return start_command(std::move(words), std::move(options));
  }

  test::temporary_folder home;
  fs::path directory = home.path();
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(command_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(exit_code_is_told, command_fixture) {
  BOOST_TEST((puppet({"exit", "143"})->exited().status == exit_status::exited_with(143)));
  BOOST_TEST((puppet({"crash"})->exited().status.signal() == SIGSEGV));
}

BOOST_FIXTURE_TEST_CASE(it_is_looked_up_in_its_own_path, command_fixture) {
  file("tool", "#!/bin/sh\necho found $1\n", true);
  const auto run = start_command({"tool", "it"}, {.env = {{"PATH", directory.string()}}});
  BOOST_TEST(run->exited().status.is_success());
  BOOST_TEST_REQUIRE(run->out().size() == 1);
  BOOST_TEST(run->out()[0] == "found it");
}

BOOST_FIXTURE_TEST_CASE(environment_directory_and_limits_are_set, command_fixture) {
  const auto env = puppet({"env", "TROUPE_TEST"}, {.env = {{"TROUPE_TEST", "yes"}}});
  BOOST_TEST(env->exited().status.is_success());
  BOOST_TEST(env->out().at(0) == "yes");
  const auto cwd = puppet({"cwd"}, {.working_dir = "/usr"});
  BOOST_TEST(cwd->exited().status.is_success());
  BOOST_TEST(cwd->out().at(0) == "/usr");
  const auto limit = puppet({"limit-nofile"}, {.limits = {{RLIMIT_NOFILE, 99, 99}}});
  BOOST_TEST(limit->exited().status.is_success());
  BOOST_TEST(limit->out().at(0) == "99");
}

BOOST_FIXTURE_TEST_CASE(nothing_is_inherited_that_was_not_passed, command_fixture) {
  const auto stray = os::make_pipe();
  const auto run = puppet({"descriptors"});
  BOOST_TEST(run->exited().status.is_success());
  BOOST_TEST(run->out().empty());
}

BOOST_FIXTURE_TEST_CASE(signals_are_neither_blocked_nor_ignored, command_fixture) {
  const auto run = puppet({"signals"});
  BOOST_TEST(run->exited().status.is_success());
  BOOST_TEST_REQUIRE(run->out().size() == 2);
  // posix_spawn ignores the two signals that glibc keeps for itself (32 and 33).
  constexpr std::uint64_t own_signals_of_glibc = 0x180000000;
  for (const auto& line : run->out()) {
    const auto mask = std::stoull(line.substr(line.find('\t')), nullptr, 16);
    BOOST_TEST((mask & ~own_signals_of_glibc) == 0U, "not the default: " << line);
  }
}

BOOST_FIXTURE_TEST_CASE(stdin_and_stdout_can_be_passed, command_fixture) {
  auto in = os::make_pipe();
  auto out = os::make_pipe();
  const auto observer = std::make_shared<test::recording_observer>();
  starter->start(command_request{.options = {.name = "cat/0"},
                                 .argv = {TROUPE_PUPPET, "cat"},
                                 .in = std::move(in.reader),
                                 .out = std::move(out.writer)},
                 observer);
  BOOST_TEST_REQUIRE(observer->started());
  const std::string text = "through the cat";
  BOOST_TEST(os::write_some(in.writer, std::as_bytes(std::span{text})).has_value());
  std::array<std::byte, 64> buffer{};
  const auto size = os::read_some(out.reader, buffer);
  BOOST_TEST_REQUIRE(size.has_value());
  BOOST_TEST(std::string(reinterpret_cast<const char*>(buffer.data()), *size) == text);
  in.writer.reset();
  BOOST_TEST(observer->exited().status.is_success());
}

BOOST_FIXTURE_TEST_CASE(what_cannot_run_is_refused_with_the_reason, command_fixture) {
  const auto message_of = [&](std::vector<std::string> argv, process_options options = {}) {
    options.name = "tool/0";
    const auto refused = start_command(std::move(argv), std::move(options))->start_failure();
    BOOST_TEST(refused.code == errc::start_failed);
    BOOST_TEST(contains(refused.message, "cannot start 'tool/0': "));
    return refused.message;
  };
  BOOST_TEST(contains(message_of({"/no/such/tool"}), "'/no/such/tool': No such file or directory"));
  BOOST_TEST(contains(message_of({"no-such-tool"}), "'no-such-tool': not found in PATH ("));
  BOOST_TEST(contains(message_of({"/usr"}), "'/usr': it is a directory"));
  BOOST_TEST(contains(message_of({file("plain", "text", false)}), "plain': it is not executable"));
  BOOST_TEST(contains(message_of({file("text", "no program", true)}), "text': neither a program"));
  BOOST_TEST(contains(message_of({file("script", "#!/no/such/shell\n", true)}),
                      "script': the interpreter or loader"));
  BOOST_TEST(contains(message_of({file("windows", "#!/bin/sh\r\necho\r\n", true)}),
                      "windows': its first line ends with a carriage return"));
  BOOST_TEST(contains(message_of({TROUPE_PUPPET}, {.working_dir = "/no/such"}),
                      "working_dir '/no/such': No such file"));
  BOOST_TEST(
      contains(message_of({TROUPE_PUPPET}, {.working_dir = TROUPE_PUPPET}), "Not a directory"));
}

BOOST_FIXTURE_TEST_CASE(empty_argv_is_refused, command_fixture) {
  BOOST_TEST(start_command({})->start_failure().code == errc::bad_argument);
  BOOST_TEST(contains(start_command({""})->start_failure().message, "is empty"));
}

BOOST_FIXTURE_TEST_CASE(too_long_argv_is_refused, command_fixture) {
  const auto refused = puppet({"echo", std::string(200'000, 'x')})->start_failure();
  BOOST_TEST(refused.code == errc::too_large);
}

BOOST_FIXTURE_TEST_CASE(group_signal_reaches_what_it_forked, command_fixture) {
  // The shell waits for its child, which only a signal to the group ends.
  const auto run =
      start_command({"/bin/sh", "-c", std::string{TROUPE_PUPPET} + " hang; echo after"});
  BOOST_TEST_REQUIRE(run->out_lines(1).size() == 1);
  run->started()->signal(SIGTERM, signal_scope::group);
  BOOST_TEST((run->exited().status == exit_status::killed_by(SIGTERM)));
  BOOST_TEST(run->out().size() == 1);
}

BOOST_FIXTURE_TEST_CASE(ignored_signal_needs_the_final_one, command_fixture) {
  const auto run = puppet({"ignore-term"});
  BOOST_TEST_REQUIRE(run->out_lines(1).size() == 1);
  run->started()->signal(SIGTERM, signal_scope::group);
  run->started()->signal(SIGKILL, signal_scope::group);
  BOOST_TEST((run->exited().status == exit_status::killed_by(SIGKILL)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
