// Goal: what a YAML file describes runs inside a program of the user's, under its control, and
// leaves nothing behind. Method: small trees of puppets and pipelines of builtins and of a worker
// of this program; what services print is what the tests wait for.

#include "e2e/world.hpp"
#include "support/forked.hpp"
#include "troupe/control/client.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/pipeline/worker.hpp"
#include "troupe/runtime/sinks.hpp"
#include "troupe/troupe.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>

#include <csignal>
#include <sys/wait.h>

std::string shout(const std::string& line) {
  return line + "!";
}
TROUPE_WORKER(shout);

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::temporary_folder;

const std::string puppet = TROUPE_PUPPET;
constexpr auto patience = 60s; // Only for what never comes.

/// Counts what services print, until it goes.
class listener {
public:
  listener() {
    set_output_sink([this](std::string_view name, output_stream, std::string_view line) {
      const std::lock_guard lock{mutex_};
      ++lines_[std::string{name} + ": " + std::string{line}];
      changed_.notify_all();
    });
    set_log_sink([this](std::string_view line) {
      const std::lock_guard lock{mutex_};
      log_.append(line).append("\n");
    });
  }
  ~listener() {
    set_output_sink({});
    set_log_sink({});
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void wait_for(const std::string& line) {
    std::unique_lock lock{mutex_};
    const bool has_come = changed_.wait_for(lock, patience, [&] { return lines_.contains(line); });
    BOOST_REQUIRE_MESSAGE(has_come, "nobody said '" + line + "'");
  }
  std::string log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> lines_;
  std::string log_;
};

class world {
public:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{folder_.path() / name} << text;
    return (folder_.path() / name).string();
  }
  std::string read(const std::string& name) {
    std::ifstream in{folder_.path() / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::string service(const std::string& name, const std::string& mode = "hang",
                      const std::string& more = "") {
    return write(name + ".yaml", "version: 1\nname: " + name + "\n" + more +
                                     "pools:\n  api: { command: [" + puppet + ", " + mode +
                                     "], replicas: 2, stop: { timeout: infinity } }\n");
  }
  std::string pipeline(const std::string& output = "out") {
    return write(
        output + ".yaml",
        "version: 1\nname: shouts\nchannels: { a: { type: string }, b: { type: string } }\n"
        "pools:\n"
        "  in: { builtin: { lines_from_file: { path: in.txt } }, output: a }\n"
        "  loud: { worker: shout, replicas: 2, order: preserve, input: a, output: b }\n"
        "  out: { builtin: { lines_to_file: { path: " +
            output + " } }, input: b }\n");
  }
  void write_lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
    write("in.txt", text);
  }
  static std::string shouted(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + "!\n";
    return text;
  }
  listener said;

private:
  const clean_world clean_; // Looks when everything else has gone.
  temporary_folder folder_;
};

std::string refusal_of(const std::string& path, const load_settings& settings = {}) {
  try {
    (void)load(path, settings);
  } catch (const config_error& refused) {
    return refused.what();
  }
  return "it was not refused";
}

/// How each signal is handled.
std::map<int, void*> dispositions() {
  std::map<int, void*> out;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0) {
      out[number] = reinterpret_cast<void*>(action.sa_handler);
    }
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(load_suite, *boost::unit_test::timeout(240))

BOOST_FIXTURE_TEST_CASE(a_pipeline_runs_to_its_end_and_tells_what_came_out, world) {
  write_lines(2000);
  auto shouts = load(pipeline());
  BOOST_TEST(shouts.name() == "shouts");
  BOOST_TEST(shouts.warnings().empty());
  BOOST_TEST(shouts.report().view.state == "loaded");
  shouts.start();
  shouts.wait();
  BOOST_TEST(read("out") == shouted(2000));
  const auto report = shouts.report();
  BOOST_TEST(report.view.state == "finished");
  BOOST_TEST(!report.cause.has_value());
  BOOST_TEST(report.messages == 2000U);
  BOOST_TEST(report.messages_lost == 0U);
  BOOST_REQUIRE(report.view.pools.size() == 3U);
  BOOST_TEST(report.view.pools[1].name == "loud");
  BOOST_TEST(report.view.pools[1].messages.done == 2000U);
  BOOST_TEST(report.view.channels.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_service_tree_runs_until_it_is_stopped, world) {
  auto shop = load(service("shop"));
  shop.start();
  said.wait_for("api/0: ready");
  said.wait_for("api/1: ready");
  auto report = shop.report();
  BOOST_TEST(report.view.state == "running");
  BOOST_TEST(control::is_as_wanted(report.view));
  BOOST_REQUIRE(report.view.pools.size() == 1U);
  BOOST_REQUIRE(report.view.pools[0].slots.size() == 2U);
  BOOST_TEST(report.view.pools[0].slots[0].pid > 0);
  BOOST_TEST(!shop.wait(deadline::now()));
  BOOST_TEST(!shop.wait_for(1ms));
  shop.stop();
  shop.stop(); // Once more changes nothing.
  BOOST_TEST(shop.wait_for(patience));
  shop.wait();
  report = shop.report();
  BOOST_TEST(report.view.state == "stopped");
  BOOST_TEST(!report.was_too_slow);
  BOOST_TEST(report.view.pools[0].slots[0].pid == 0);
}

BOOST_FIXTURE_TEST_CASE(a_file_runs_once_for_each_time_it_is_loaded, world) {
  const auto path = service("shop");
  auto shop = load(path);
  BOOST_CHECK_THROW(shop.wait(), invalid_state);
  BOOST_CHECK_THROW((void)shop.wait_for(1ms), invalid_state);
  shop.start();
  BOOST_CHECK_THROW(shop.start(), invalid_state);
  said.wait_for("api/0: ready"); // The first start is not disturbed.
  shop.kill();
  shop.wait();
  BOOST_CHECK_THROW(shop.start(), invalid_state);
  auto again = load(path);
  again.start();
  again.stop();
  BOOST_TEST(again.wait_for(patience));
}

BOOST_FIXTURE_TEST_CASE(what_is_stopped_before_its_start_never_starts, world) {
  auto shop = load(service("shop"));
  shop.stop();
  shop.wait();
  BOOST_TEST(shop.wait(deadline::now()));
  BOOST_TEST(shop.report().view.state == "stopped");
  BOOST_CHECK_THROW(shop.start(), invalid_state);
}

BOOST_FIXTURE_TEST_CASE(the_destructor_kills_what_still_runs, world) {
  os::pidfd worker;
  {
    auto shop = load(service("shop", "ignore-term"));
    shop.start();
    said.wait_for("api/0: ready");
    worker = os::pidfd::open(shop.report().view.pools.at(0).slots.at(0).pid).value();
    auto moved = std::move(shop); // What runs goes along.
    BOOST_TEST(moved.report().view.state == "running");
  }
  BOOST_TEST(worker.wait_exited(deadline::now()));
  worker = {};
  // Also of a pipeline in the middle of its work, and of what was never started.
  write_lines(200'000);
  auto shouts = load(pipeline());
  shouts.start();
  auto idle = load(pipeline("other"));
}

BOOST_FIXTURE_TEST_CASE(a_stop_that_takes_too_long_is_told_and_killed, world) {
  auto shop = load(service("shop", "ignore-term", "shutdown: { timeout: 50ms }\n"));
  shop.start();
  said.wait_for("api/0: ready");
  said.wait_for("api/1: ready");
  shop.stop();
  BOOST_TEST(shop.wait_for(patience)); // Nobody but the clock does anything for it.
  BOOST_TEST(shop.report().was_too_slow);
  BOOST_TEST(shop.report().view.state == "stopped");
  BOOST_TEST(said.log().find("stopping took longer than shutdown.timeout (50ms)") !=
             std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(two_troupes_run_beside_each_other, world) {
  write_lines(500);
  auto shop = load(service("shop"));
  auto one = load(pipeline("one"));
  auto two = load(pipeline("two"));
  shop.start();
  one.start();
  two.start();
  one.wait();
  two.wait();
  BOOST_TEST(read("one") == shouted(500));
  BOOST_TEST(read("two") == shouted(500));
  said.wait_for("api/1: ready");
  BOOST_TEST(shop.report().view.state == "running");
  pool workers{{.replicas = 1}}; // And beside a pool.
  BOOST_TEST(workers.submit(shout, std::string{"pool"}).get() == "pool!");
  shop.stop();
  shop.wait();
}

BOOST_FIXTURE_TEST_CASE(a_failed_run_says_why, world) {
  const auto path = write("dies.yaml", "version: 1\npools:\n  api: { command: [" + puppet +
                                           ", exit, 3], restart: { intensity: 0 } }\n");
  auto dies = load(path);
  dies.start();
  dies.wait();
  const auto report = dies.report();
  BOOST_TEST(report.view.state == "failed");
  BOOST_REQUIRE(report.cause.has_value());
  BOOST_TEST(report.cause->message.find("api") != std::string::npos);
  // A message that nobody takes is told, though the run ends well.
  write_lines(3);
  const auto lossy = write("lossy.yaml", "version: 1\nchannels: { a: { type: string } }\npools:\n"
                                         "  in: { builtin: { lines_from_file: { path: in.txt } }, "
                                         "output: a }\n  out: { builtin: { copy_file: { root: /, "
                                         "target: copies } }, input: a, output: b, retry: { "
                                         "max_attempts: 1 } }\n");
  BOOST_TEST(refusal_of(lossy).find("lossy.yaml:5:") != std::string::npos); // No channel b.
}

BOOST_FIXTURE_TEST_CASE(every_mistake_is_told_with_its_place, world) {
  const auto path = write("bad.yaml", "version: 1\npools:\n  api: { command: [x], numprocs: 3 }\n"
                                      "  web: { comand: [y] }\n");
  const auto text = refusal_of(path);
  BOOST_TEST(text.starts_with(path + ":3:24: error[T003]: pools.api.numprocs: unknown key; Troupe "
                                     "calls this 'replicas'\n"));
  BOOST_TEST(text.find(path + ":4:10: error[T003]: pools.web.comand: unknown key") !=
             std::string::npos);
  try {
    (void)load(path);
  } catch (const error& refused) { // The root of what Troupe throws.
    const auto* const found = dynamic_cast<const config_error*>(&refused);
    BOOST_REQUIRE(found != nullptr);
    BOOST_TEST(found->findings().size() >= 2U);
    BOOST_TEST(found->findings()[0].at.line == 3U);
    BOOST_TEST(found->findings()[0].at.column == 24U);
  }
  // What the file names has to be there.
  const auto none =
      write("none.yaml", "version: 1\npools:\n  api: { command: [/no/such/thing] }\n");
  BOOST_TEST(refusal_of(none).starts_with(none + ":3:19: error[T018]: pools.api.command: "));
  BOOST_TEST(refusal_of("/no/such/file.yaml").find("error[T013]") != std::string::npos);
  // Values from the program.
  const auto open = write("open.yaml", "version: 1\npools:\n  api: { command: [\"${WHAT}\"] }\n");
  BOOST_TEST(refusal_of(open).find("error[T012]") != std::string::npos);
  BOOST_TEST(load(open, {.set = {{"WHAT", puppet}}}).name() == "open");
}

BOOST_FIXTURE_TEST_CASE(there_is_a_control_socket_only_where_the_file_asks_for_it, world) {
  const auto socket = write("s", "") + ".sock";
  const auto ask = [&]() -> std::string {
    auto client = control::client::connect(socket, deadline::after(patience));
    if (!client) return {};
    return client->ask({"status"}, deadline::after(patience)).value();
  };
  const auto path = service("shop", "hang", "control: { socket: " + socket + " }\n");
  auto shop = load(path);
  shop.start();
  said.wait_for("api/0: ready");
  said.wait_for("api/1: ready");
  BOOST_TEST(ask().find("\"running\"") != std::string::npos);
  auto other = load(path);
  BOOST_CHECK_THROW(other.start(), error); // Served already; nothing was started.
  shop.stop();
  shop.wait();
  BOOST_TEST(ask().find("\"stopped\"") != std::string::npos); // As long as it is held.
  { const auto ended = std::move(shop); }
  BOOST_TEST(ask().empty());
  other.start(); // Now it may.
  other.kill();
  other.wait();
  auto closed =
      load(service("shop", "hang", "control: { socket: " + socket + ", enabled: false }\n"));
  other = std::move(closed);
  other.start();
  BOOST_TEST(ask().empty());
}

BOOST_FIXTURE_TEST_CASE(no_signal_is_taken_from_the_program, world) {
  const auto before = dispositions();
  auto shop = load(service("shop"));
  shop.start();
  said.wait_for("api/0: ready");
  BOOST_TEST((dispositions() == before));
  shop.stop();
  shop.wait();
  BOOST_TEST((dispositions() == before));
}

BOOST_FIXTURE_TEST_CASE(a_forked_copy_cannot_use_it_and_does_not_disturb_it, world) {
  auto shop = std::make_unique<loaded_troupe>(load(service("shop")));
  shop->start();
  said.wait_for("api/0: ready");
  const auto refuses = [](auto&& call) {
    return test::holds_in_copy([&] {
      try {
        call();
      } catch (const forked_copy&) {
        return true;
      }
      return false;
    });
  };
  BOOST_TEST(refuses([&] { shop->start(); }));
  BOOST_TEST(refuses([&] { shop->stop(); }));
  BOOST_TEST(refuses([&] { shop->kill(); }));
  BOOST_TEST(refuses([&] { shop->wait(); }));
  BOOST_TEST(refuses([&] { (void)shop->report(); }));
  BOOST_TEST(test::holds_in_copy([&] {
    shop.reset();
    return true;
  }));
  BOOST_TEST(shop->report().view.state == "running");
  shop->stop();
  BOOST_TEST(shop->wait_for(patience));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
