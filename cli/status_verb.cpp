// Part of Troupe; see LICENSE.

#include "troupe/base/text.hpp"
#include "troupe/cli/load.hpp"
#include "troupe/cli/report.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/cli/verbs.hpp"
#include "troupe/config/units.hpp"
#include "troupe/control/client.hpp"
#include "troupe/control/place.hpp"
#include "troupe/control/status.hpp"
#include "troupe/os/poll.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using control::troupe_view;

constexpr duration answer_wait_max = 5s;
constexpr duration look_again_after = 50ms;

/// Why there is nothing to show.
struct refusal {
  exit_code code;
  std::string message;
};

/// The socket to ask, or why none.
struct place {
  std::string socket;
  std::optional<refusal> refused;
};

bool is_file(const std::string& target) {
  return target == "-" || target.find('/') != std::string::npos || target.ends_with(".yaml") ||
         target.ends_with(".yml");
}

place place_of_file(const file_arguments& file) {
  const auto loaded = load(file);
  if (!loaded.spec) {
    show(loaded.diagnostics);
    return {"", refusal{exit_code::bad_config, ""}};
  }
  if (loaded.spec->control.socket) return {loaded.spec->control.socket->path, std::nullopt};
  const auto path = control::default_socket(loaded.spec->name);
  if (!path) return {"", refusal{exit_code::no_socket, path.error().message}};
  return {*path, std::nullopt};
}

place place_of_name(const std::string& name, bool has_patience) {
  const auto path = control::default_socket(name);
  if (!path) return {"", refusal{exit_code::no_socket, path.error().message}};
  const auto known = control::known_names();
  const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
  // Somebody who waits for it may have come before its first start.
  const bool may_come = has_patience && config::check_name(name).has_value();
  if (is_known || may_come) return {*path, std::nullopt};
  auto message = "no troupe called '" + text::printable(name, 80) + "' has run here";
  const std::vector<std::string_view> words{known.begin(), known.end()};
  if (const auto near = text::nearest(name, words); !near.empty()) {
    message += "; did you mean '" + std::string{near} + "'?";
  }
  return {"", refusal{exit_code::unknown_name, message}};
}

// The one that runs, if there is exactly one.
place place_of_only_one() {
  std::vector<std::string> names;
  std::string socket;
  for (const auto& name : control::known_names()) {
    const auto path = control::default_socket(name);
    if (!path || !control::client::connect(*path, deadline::after(answer_wait_max))) continue;
    names.push_back(name);
    socket = *path;
  }
  if (names.size() == 1) return {socket, std::nullopt};
  if (names.empty()) return {"", refusal{exit_code::no_socket, "no troupe is running"}};
  return {"", refusal{exit_code::usage,
                      "several troupes are running: " + text::join(names, ", ") + "; name one"}};
}

place place_of(const status_arguments& arguments) {
  if (!arguments.socket.empty()) return {arguments.socket, std::nullopt};
  const auto& target = arguments.target.path;
  if (target.empty()) return place_of_only_one();
  if (is_file(target)) return place_of_file(arguments.target);
  return place_of_name(target, arguments.wait != awaited::nothing);
}

expected<troupe_view> ask(const std::string& socket, deadline limit) {
  auto client = control::client::connect(socket, limit);
  if (!client) return client.error();
  const auto reply = client->ask({"status"}, limit);
  auto view = reply ? control::troupe_from_json(*reply) : expected<troupe_view>{reply.error()};
  if (view || view.error().code != errc::bad_data) return view;
  return failure{errc::bad_data, "what serves the control socket " + socket +
                                     " is no troupe, or one of another version (" +
                                     view.error().message + "); name another with --socket"};
}

bool is_not_running(const failure& cause) {
  return cause.code == errc::closed || cause.code == errc::end_of_stream;
}

// Keeps only the pools and replicas that were named.
std::optional<refusal> choose(troupe_view& view, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return std::nullopt;
  std::vector<control::pool_view> chosen;
  for (const auto& name : wanted) {
    const auto slash = name.find('/');
    const auto pool =
        std::find_if(view.pools.begin(), view.pools.end(), [&](const control::pool_view& one) {
          return one.name == name.substr(0, slash);
        });
    const auto unknown = refusal{exit_code::unknown_name, view.name + " has no pool or worker '" +
                                                              text::printable(name, 80) + "'"};
    if (pool == view.pools.end()) return unknown;
    auto copy = *pool;
    if (slash != std::string::npos) {
      const auto replica = name.substr(slash + 1);
      std::erase_if(copy.slots, [&](const control::slot_view& slot) {
        return std::to_string(slot.replica) != replica;
      });
      if (copy.slots.empty()) return unknown;
      copy.replicas = 1;
    }
    chosen.push_back(std::move(copy));
  }
  view.pools = std::move(chosen);
  return std::nullopt;
}

exit_code refuse(const refusal& why) {
  if (!why.message.empty()) complain("status: " + why.message);
  return why.code;
}

exit_code show_once(const status_arguments& arguments, expected<troupe_view> view) {
  if (!view) {
    const bool is_gone = is_not_running(view.error());
    const bool is_starting = view.error().code == errc::task_failed;
    const auto message =
        is_gone ? "it is not running: " + view.error().message : view.error().message;
    return refuse({is_starting ? exit_code::not_ready : exit_code::no_socket, message});
  }
  if (const auto refused = choose(*view, arguments.pools)) return refuse(*refused);
  const auto code = is_as_wanted(*view) ? exit_code::ok : exit_code::not_ready;
  return print(arguments.is_json ? to_json(*view) + "\n" : status_table(*view), code);
}

void pause(deadline limit) {
  os::poll_set nothing;
  nothing.wait(deadline::at(std::min(clock::now() + look_again_after, limit.when())));
}

exit_code give_up_waiting(const status_arguments& arguments, const expected<troupe_view>& last) {
  const auto wanted = arguments.wait == awaited::ready ? "ready" : "stopped";
  auto message =
      "not " + std::string{wanted} + " after " + config::format_duration(arguments.timeout);
  if (!last) message += ": " + last.error().message;
  complain("status: " + message);
  if (last && print(arguments.is_json ? to_json(*last) + "\n" : status_table(*last),
                    exit_code::ok) != exit_code::ok) {
    return exit_code::failed;
  }
  return exit_code::timed_out;
}

exit_code wait(const status_arguments& arguments, const std::string& socket) {
  const auto limit = deadline::after(arguments.timeout);
  bool was_there = false;
  while (true) {
    auto view = ask(socket, deadline::at(std::min(limit.when(), clock::now() + answer_wait_max)));
    const bool is_absent = !view && is_not_running(view.error());
    was_there = was_there || view.has_value();
    if (arguments.wait == awaited::stopped && is_absent) return exit_code::ok;
    if (arguments.wait == awaited::ready) {
      if (is_absent && was_there) {
        return refuse({exit_code::no_socket, "it has ended while we waited for it to be ready"});
      }
      if (view) {
        if (const auto refused = choose(*view, arguments.pools)) return refuse(*refused);
        if (is_as_wanted(*view)) return show_once(arguments, std::move(view));
      }
    }
    if (limit.has_passed()) return give_up_waiting(arguments, view);
    pause(limit);
  }
}

} // namespace

exit_code status(const status_arguments& arguments) {
  const auto where = place_of(arguments);
  if (where.refused) return refuse(*where.refused);
  if (arguments.wait != awaited::nothing) return wait(arguments, where.socket);
  return show_once(arguments, ask(where.socket, deadline::after(answer_wait_max)));
}

} // namespace troupe::cli
