// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/supervision_port.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A pool without processes: writes down what it is told, one line per call ("start 0#1" is slot 0,
/// incarnation 1), and knows which workers would be alive.
///
/// A failing supervisor does not wait for workers it kills; `must_be_empty` is off for those tests.
/// Threads: one at a time, like the real one.
class fake_pool final : public slot_control {
public:
  void start(slot_id slot, incarnation_id incarnation) override {
    BOOST_TEST(!live.contains(slot), "two live workers in slot " << slot.value);
    BOOST_TEST(times_stopped == 0);
    live[slot] = incarnation;
    note("start " + name(slot, incarnation));
  }
  void drain(slot_id slot, incarnation_id incarnation) override {
    note("drain " + name(slot, incarnation));
  }
  void signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) override {
    note(signal_text(signal) + " " + name(slot, incarnation) +
         (scope == signal_scope::process ? " process" : ""));
  }
  void abandon(slot_id slot) override {
    BOOST_TEST((!must_be_empty || !live.contains(slot)));
    note("abandon " + std::to_string(slot.value));
  }
  void give_up(const failure& cause) override {
    note("give_up");
    causes.push_back(cause);
  }
  void stopped() override {
    BOOST_TEST((!must_be_empty || live.empty()), "stopped with live workers");
    ++times_stopped;
    note("stopped");
  }

  /// Returns the lines since the last call.
  std::vector<std::string> take() { return std::exchange(lines, {}); }

  std::map<slot_id, incarnation_id> live;
  std::vector<std::string> lines;
  std::vector<failure> causes;
  int times_stopped = 0;
  bool must_be_empty = true;
  std::function<void(const std::string&)> on_line;

private:
  void note(const std::string& line) {
    lines.push_back(line);
    if (on_line) on_line(line);
  }

  static std::string name(slot_id slot, incarnation_id incarnation) {
    return std::to_string(slot.value) + "#" + std::to_string(incarnation.value);
  }

  static std::string signal_text(int signal) {
    switch (signal) {
    case SIGTERM:
      return "TERM";
    case SIGINT:
      return "INT";
    case SIGCONT:
      return "CONT";
    case SIGKILL:
      return "KILL";
    default:
      return std::to_string(signal);
    }
  }
};

} // namespace troupe::test
