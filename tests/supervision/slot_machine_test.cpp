// Goal: a slot has an answer to every event in every state, and never has two workers.
// Method: the whole table, written down once more; then random events against a model of the one
// thing that matters: whether a worker exists.

#include "troupe/supervision/slot_machine.hpp"

#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>

namespace troupe {
namespace {

using ev = slot_event;
using act = slot_action;

constexpr std::array events = {ev::start,        ev::ready, ev::drained, ev::exited,
                               ev::start_failed, ev::timer, ev::restart, ev::complete,
                               ev::park,         ev::stop,  ev::recycle};

constexpr slot_phase stopped{slot_state::stopped};
constexpr slot_phase starting{slot_state::starting};
constexpr slot_phase ready{slot_state::ready};
constexpr slot_phase backoff{slot_state::backoff};
constexpr slot_phase to_stop{slot_state::stopping, stop_purpose::stop};
constexpr slot_phase to_recycle{slot_state::stopping, stop_purpose::recycle};
constexpr slot_phase to_kill{slot_state::stopping, stop_purpose::start_timeout};
constexpr slot_phase completed{slot_state::completed};
constexpr slot_phase failed{slot_state::failed};

struct row {
  slot_phase from;
  std::array<slot_step, events.size()> steps; // One per event, in the order of `events`.
};

slot_step refused(slot_phase phase) {
  return {phase, act::refuse};
}
slot_step ignored(slot_phase phase) {
  return {phase, act::nothing};
}

const row table[] = {
    // start, ready, drained, exited, start_failed, timer, restart, complete, park, stop, recycle
    {stopped,
     {slot_step{starting, act::launch},
      refused(stopped),
      refused(stopped),
      refused(stopped),
      refused(stopped),
      refused(stopped),
      ignored(stopped),
      ignored(stopped),
      ignored(stopped),
      {stopped, act::finish},
      refused(stopped)}},
    {starting,
     {refused(starting),
      slot_step{ready, act::serve},
      refused(starting),
      {backoff, act::ask},
      {backoff, act::ask},
      {to_kill, act::begin_kill},
      refused(starting),
      refused(starting),
      refused(starting),
      {to_stop, act::begin_early},
      ignored(starting)}},
    {ready,
     {refused(ready),
      refused(ready),
      refused(ready),
      slot_step{backoff, act::ask},
      {backoff, act::ask},
      refused(ready),
      refused(ready),
      refused(ready),
      refused(ready),
      {to_stop, act::begin_stop},
      {to_recycle, act::begin_recycle}}},
    {backoff,
     {refused(backoff),
      refused(backoff),
      refused(backoff),
      refused(backoff),
      refused(backoff),
      slot_step{starting, act::launch},
      {backoff, act::pause},
      {completed, act::finish},
      {failed, act::finish},
      {stopped, act::finish},
      ignored(backoff)}},
    {to_stop,
     {refused(to_stop),
      ignored(to_stop),
      slot_step{to_stop, act::note_drained},
      {stopped, act::finish},
      {stopped, act::finish},
      {to_stop, act::climb},
      refused(to_stop),
      refused(to_stop),
      refused(to_stop),
      {to_stop, act::harden_stop},
      ignored(to_stop)}},
    {to_recycle,
     {refused(to_recycle),
      ignored(to_recycle),
      slot_step{to_recycle, act::note_drained},
      {starting, act::launch},
      {starting, act::launch},
      {to_recycle, act::climb},
      refused(to_recycle),
      refused(to_recycle),
      refused(to_recycle),
      {to_stop, act::harden_stop},
      ignored(to_recycle)}},
    {to_kill,
     {refused(to_kill),
      ignored(to_kill),
      slot_step{to_kill, act::note_drained},
      {backoff, act::ask},
      {backoff, act::ask},
      {to_kill, act::climb},
      refused(to_kill),
      refused(to_kill),
      refused(to_kill),
      {to_stop, act::harden_stop},
      ignored(to_kill)}},
    {completed,
     {refused(completed), refused(completed), refused(completed), refused(completed),
      refused(completed), refused(completed), refused(completed), refused(completed),
      refused(completed), slot_step{completed, act::finish}, ignored(completed)}},
    {failed,
     {refused(failed), refused(failed), refused(failed), refused(failed), refused(failed),
      refused(failed), refused(failed), refused(failed), refused(failed),
      slot_step{failed, act::finish}, ignored(failed)}},
};

bool has_worker(slot_phase phase) {
  return phase.state == slot_state::starting || phase.state == slot_state::ready ||
         phase.state == slot_state::stopping;
}

bool is_of_the_worker(ev event) {
  return event == ev::ready || event == ev::drained || event == ev::exited ||
         event == ev::start_failed;
}

BOOST_AUTO_TEST_SUITE(slot_machine_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(every_state_answers_every_event_as_the_table_says) {
  for (const auto& row : table) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto step = advance(row.from, events[i]);
      BOOST_TEST_CONTEXT(row.from.state << "/" << row.from.purpose << " on " << events[i]) {
        BOOST_TEST(step.phase.state == row.steps[i].phase.state);
        BOOST_TEST(step.phase.purpose == row.steps[i].phase.purpose);
        BOOST_TEST(step.action == row.steps[i].action);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(launch_only_into_an_empty_slot_and_an_empty_slot_only_by_its_end) {
  for (const auto& row : table) {
    for (const auto event : events) {
      const auto step = advance(row.from, event);
      if (step.action == act::launch)
        BOOST_TEST((!has_worker(row.from) || event == ev::exited || event == ev::start_failed));
      else if (has_worker(row.from) && event != ev::exited && event != ev::start_failed)
        BOOST_TEST(has_worker(step.phase));
      else
        BOOST_TEST(!has_worker(step.phase));
    }
  }
}

BOOST_AUTO_TEST_CASE(random_lives_never_have_two_workers_and_always_end) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  auto random = std::mt19937{seed};
  for (int life = 0; life < 2000; ++life) {
    auto phase = stopped;
    bool is_alive = false;
    bool must_stop = false;
    const auto feed = [&](ev event) {
      const auto step = advance(phase, event);
      if (event == ev::exited || event == ev::start_failed) is_alive = false;
      if (step.action == act::launch) {
        BOOST_TEST(!is_alive, "seed " << seed);
        BOOST_TEST((!must_stop || event == ev::start), "seed " << seed);
        is_alive = true;
      }
      if (step.action == act::finish) BOOST_TEST(!is_alive, "seed " << seed);
      phase = step.phase;
      BOOST_TEST(has_worker(phase) == is_alive, "seed " << seed);
      return step.action;
    };
    const auto length = std::uniform_int_distribution{1, 60}(random);
    for (int i = 0; i < length; ++i) {
      const auto event =
          events[std::uniform_int_distribution<std::size_t>{0, events.size() - 1}(random)];
      if (is_of_the_worker(event) && !is_alive) continue; // Caught by the incarnation.
      if (must_stop && event == ev::start) continue;      // The pool starts its slots once.
      if (event == ev::stop) must_stop = true;
      feed(event);
    }
    feed(ev::stop);
    const auto last = is_alive ? feed(ev::exited) : feed(ev::stop);
    BOOST_TEST(last == act::finish, "seed " << seed);
    BOOST_TEST(!has_worker(phase), "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
