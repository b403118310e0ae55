// Goal: an option that makes no sense is refused by name, whichever it is; what makes sense is not.
// Method: pure checks of options, one field at a time. No process.

#include "troupe/pool/pool_options.hpp"

#include "troupe/os/limits.hpp"
#include "troupe/pool/option_checks.hpp"
#include "troupe/pool/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include <sys/resource.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto huge = duration::max();

/// Sets one field; `field` is what the refusal must name.
struct senseless {
  std::string field;
  std::function<void(pool_options&)> set;
};

std::string refusal_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return {};
}

void expect_refused(const std::vector<senseless>& all) {
  for (const auto& each : all) {
    pool_options options{.replicas = 1};
    each.set(options);
    const auto text = refusal_of([&] { (void)make_settings(options); });
    BOOST_TEST(!text.empty(), each.field << " was accepted");
    BOOST_TEST(text.find(each.field) != std::string::npos, each.field << " is not named: " << text);
    BOOST_TEST(text.find("must be") != std::string::npos, text);
    for (const char c : text) BOOST_TEST(static_cast<unsigned char>(c) >= 0x20);
  }
}

void set_span(std::vector<senseless>& to, const std::string& field,
              std::function<duration&(pool_options&)> of, bool may_be_zero) {
  const auto add = [&](duration value) {
    to.push_back({field, [=](pool_options& o) { of(o) = value; }});
  };
  for (const duration value : std::initializer_list<duration>{-1ns, -1h, huge, duration::min(),
                                                              option_checks::longest + 1ns})
    add(value);
  if (!may_be_zero) add(0ns);
}

void set_number(std::vector<senseless>& to, const std::string& field,
                std::function<double&(pool_options&)> of, std::initializer_list<double> values) {
  for (const double value : values) {
    to.push_back({field, [=](pool_options& o) { of(o) = value; }});
  }
}

BOOST_AUTO_TEST_SUITE(pool_options_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(defaults_and_limits_are_accepted) {
  (void)make_settings({});
  pool_options most{.name = std::string(200, 'x'), .replicas = 10'000, .standby = 10'000};
  most.task_timeout = most.recycle.age_max = most.restart.period = option_checks::longest;
  most.start.timeout = most.start.stagger = most.stop.drain = option_checks::longest;
  most.stop.timeout = option_checks::longest;
  most.restart.backoff = {.initial = option_checks::longest,
                          .max = option_checks::longest,
                          .factor = 1000,
                          .jitter = 1,
                          .reset_after = option_checks::longest};
  most.restart.prevent_exit = {exit_status::exited_with(255), exit_status::killed_by(64)};
  most.recycle.jitter = 1;
  most.stop.signal = most.stop.final_signal = 64;
  most.process.env = {{"A", ""}, {"B C", "=\n"}};
  most.process.limits = {{RLIMIT_NOFILE, 1, 1}, {RLIMIT_CORE, 0, os::unlimited}};
  const auto made = make_settings(most);
  BOOST_TEST(made.replicas == 10'000u);
  pool_options least{.name = "é / 1", .replicas = 1, .stop = {.timeout = 0ns}};
  least.restart.backoff = {
      .initial = 0ns, .max = 0ns, .factor = 1, .jitter = 0, .reset_after = 0ns};
  least.restart.period = least.start.timeout = 1ns;
  (void)make_settings(least);
}

// As the docs say: who writes `restart` has the pauses of its type.
BOOST_AUTO_TEST_CASE(restarts_come_at_once_unless_restart_is_set) {
  BOOST_TEST((make_settings({}).restart.backoff.initial == 0ns));
  BOOST_TEST((make_settings({.restart = {.intensity = 5}}).restart.backoff.initial == 100ms));
  const restart_spec at_once{.intensity = 5, .backoff = {.initial = {}}};
  BOOST_TEST((make_settings({.restart = at_once}).restart.backoff.initial == 0ns));
  const restart_spec paused{.backoff = {.initial = 1s, .max = 5s, .factor = 3}};
  BOOST_TEST((make_settings({.restart = paused}).restart.backoff.initial == 1s));
}

BOOST_AUTO_TEST_CASE(counts_and_sizes_are_checked) {
  expect_refused({
      {"replicas", [](auto& o) { o.replicas = 0; }},
      {"replicas", [](auto& o) { o.replicas = 10'001; }},
      {"standby", [](auto& o) { o.standby = -1; }},
      {"max_in_flight", [](auto& o) { o.max_in_flight = 0; }},
      {"max_attempts", [](auto& o) { o.max_attempts = 65'536; }},
      {"max_queued", [](auto& o) { o.max_queued = 0; }},
      {"input_arena_bytes", [](auto& o) { o.input_arena_bytes = 0; }},
      {"input_arena_bytes", [](auto& o) { o.input_arena_bytes = static_cast<std::size_t>(-1); }},
      {"output_arena_bytes", [](auto& o) { o.output_arena_bytes = 0; }},
      {"output_arena_bytes", [](auto& o) { o.output_arena_bytes = static_cast<std::size_t>(-1); }},
  });
}

BOOST_AUTO_TEST_CASE(names_and_texts_are_checked) {
  expect_refused({
      {"name", [](auto& o) { o.name = ""; }},
      {"name", [](auto& o) { o.name = "a\nb"; }},
      {"name", [](auto& o) { o.name = "a\0b"s; }},
      {"name", [](auto& o) { o.name = "\x7f"; }},
      {"name", [](auto& o) { o.name = std::string(201, 'x'); }},
      {"process.name", [](auto& o) { o.process.name = "mine"; }},
      {"process.env", [](auto& o) { o.process.env[""] = "x"; }},
      {"process.env", [](auto& o) { o.process.env["A=B"] = "x"; }},
      {"process.env", [](auto& o) { o.process.env["A\0B"s] = "x"; }},
      {"process.env", [](auto& o) { o.process.env["A"] = "x\0y"s; }},
      {"process.working_dir", [](auto& o) { o.process.working_dir = "/tmp\0/x"s; }},
  });
}

BOOST_AUTO_TEST_CASE(times_are_checked) {
  std::vector<senseless> all;
  using options = pool_options;
  set_span(
      all, "task_timeout", [](options& o) -> duration& { return o.task_timeout; }, true);
  set_span(
      all, "recycle.age_max", [](options& o) -> duration& { return o.recycle.age_max; }, true);
  set_span(
      all, "restart.period", [](options& o) -> duration& { return o.restart.period; }, false);
  set_span(
      all, "backoff.initial", [](options& o) -> duration& { return o.restart.backoff.initial; },
      true);
  set_span(
      all, "backoff.max", [](options& o) -> duration& { return o.restart.backoff.max; }, true);
  set_span(
      all, "backoff.reset_after",
      [](options& o) -> duration& { return o.restart.backoff.reset_after; }, true);
  set_span(
      all, "stop.timeout", [](options& o) -> duration& { return *o.stop.timeout; }, true);
  set_span(
      all, "stop.drain", [](options& o) -> duration& { return o.stop.drain; }, true);
  set_span(
      all, "start.timeout", [](options& o) -> duration& { return o.start.timeout; }, false);
  set_span(
      all, "start.stagger", [](options& o) -> duration& { return o.start.stagger; }, true);
  all.push_back({"backoff.initial", [](options& o) {
                   o.restart.backoff.initial = 2s;
                   o.restart.backoff.max = 1s;
                 }});
  // No pause grows out of 0: it would be accepted and mean nothing.
  all.push_back({"backoff.initial", [](options& o) { o.restart.backoff.max = 5s; }});
  all.push_back({"backoff.initial", [](options& o) { o.restart.backoff.factor = 3; }});
  expect_refused(all);
}

BOOST_AUTO_TEST_CASE(fractions_are_checked) {
  std::vector<senseless> all;
  using options = pool_options;
  set_number(all, "backoff.factor", [](options& o) -> double& { return o.restart.backoff.factor; },
             {-3, 0, 0.5, 1001, nan, infinite, -infinite});
  set_number(all, "backoff.jitter", [](options& o) -> double& { return o.restart.backoff.jitter; },
             {-0.1, 1.1, 7, nan, infinite});
  set_number(all, "recycle.jitter", [](options& o) -> double& { return o.recycle.jitter; },
             {-0.1, 1.1, 7, nan, infinite});
  expect_refused(all);
}

BOOST_AUTO_TEST_CASE(signals_exits_and_limits_are_checked) {
  std::vector<senseless> all;
  for (const int signal : {-1, 0, 65, 999}) {
    all.push_back({"stop.signal", [=](auto& o) { o.stop.signal = signal; }});
    all.push_back({"stop.final_signal", [=](auto& o) { o.stop.final_signal = signal; }});
    all.push_back({"restart.prevent_exit",
                   [=](auto& o) { o.restart.prevent_exit = {exit_status::killed_by(signal)}; }});
  }
  for (const int code : {-1, 256}) {
    const auto status = exit_status::exited_with(code);
    all.push_back({"restart.success_exit", [=](auto& o) { o.restart.success_exit = {status}; }});
    all.push_back({"restart.force_exit", [=](auto& o) { o.restart.force_exit = {status}; }});
  }
  all.push_back({"process.limits", [](auto& o) { o.process.limits = {{999, 1, 1}}; }});
  all.push_back({"process.limits", [](auto& o) { o.process.limits = {{-1, 1, 1}}; }});
  all.push_back({"process.limits", [](auto& o) { o.process.limits = {{RLIMIT_NOFILE, 2, 1}}; }});
  all.push_back(
      {"restart.policy", [](auto& o) { o.restart.policy = static_cast<restart_type>(3); }});
  all.push_back({"stop.scope", [](auto& o) { o.stop.scope = static_cast<signal_scope>(-1); }});
  all.push_back({"process.out", [](auto& o) { o.process.out = static_cast<output_mode>(3); }});
  all.push_back({"process.err", [](auto& o) { o.process.err = static_cast<output_mode>(-1); }});
  expect_refused(all);
}

std::size_t size_of(const std::string& text) {
  return text.size();
}

BOOST_AUTO_TEST_CASE(an_initializer_too_large_to_be_sent_is_refused) {
  expect_refused({{"initializer", [](auto& o) {
                     o.initializer = bind_call(size_of, std::string(64 * 1024, 'x'));
                   }}});
  pool_options fits{.replicas = 1};
  fits.initializer = bind_call(size_of, std::string(60'000, 'x'));
  (void)make_settings(fits);
}

BOOST_AUTO_TEST_CASE(options_of_tasks_and_maps_are_checked) {
  const auto refused = [](const auto& options, const std::string& field) {
    const auto text = refusal_of([&] { option_checks::check(options); });
    BOOST_TEST(text.find(field) != std::string::npos, field << ": " << text);
  };
  for (const auto timeout : {duration{-1}, duration::min(), huge}) {
    refused(task_options{.timeout = timeout}, "task_options::timeout");
  }
  refused(task_options{.max_attempts = -1}, "task_options::max_attempts");
  refused(task_options{.max_attempts = 65'536}, "task_options::max_attempts");
  refused(map_options{.chunk = static_cast<std::size_t>(-1)}, "map_options::chunk");
  refused(map_options{.look_ahead = static_cast<std::size_t>(-1)}, "map_options::look_ahead");
  option_checks::check(task_options{.timeout = 1h, .max_attempts = 65'535});
  option_checks::check(map_options{.chunk = 1 << 26, .look_ahead = 1 << 24});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
