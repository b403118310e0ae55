// Goal: the host never waits for anything that a worker holds.
// Method: the worker's end of a link is spoilt by the test as a worker could spoil it, before the
// host is told that the process exists. No process.

#include "troupe/pool/worker_link.hpp"

#include "troupe/ipc/worker_end.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/os/shared_memory.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

#include <fcntl.h>
#include <unistd.h>

namespace troupe {
namespace {

class no_child final : public child_process {
public:
  [[nodiscard]] int pid() const noexcept override { return 4711; }
  void signal(int, signal_scope) noexcept override {}
};

class counting_owner final : public worker_link_events {
public:
  void on_link_started(worker_link&) override { ++started; }
  void on_link_exited(worker_link&, const exit_record&) override {}
  void on_link_start_failed(worker_link&, const failure&) override {}
  void on_link_output(worker_link&, output_stream, std::string_view) override {}
  int started = 0;
};

struct one_link {
  std::shared_ptr<counting_owner> owner = std::make_shared<counting_owner>();
  std::shared_ptr<worker_link> link =
      std::make_shared<worker_link>(slot_id{0}, incarnation_id{1}, 4096, owner);
};

BOOST_FIXTURE_TEST_SUITE(worker_link_suite, one_link, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(a_full_doorbell_that_blocks_does_not_hold_up_the_host) {
  const int bell = link->end().doorbell().get();
  // The flag belongs to the open file, which the worker holds too.
  BOOST_REQUIRE(::fcntl(bell, F_SETFL, ::fcntl(bell, F_GETFL) & ~O_NONBLOCK) == 0);
  const std::uint64_t most = ~std::uint64_t{0} - 1;
  BOOST_REQUIRE(::write(bell, &most, sizeof most) == sizeof most);
  link->on_started(std::make_shared<no_child>());
  BOOST_TEST(link->pid() == 4711);
  BOOST_TEST(owner->started == 1); // It looks whether the worker is ready, rung or not.
}

BOOST_AUTO_TEST_CASE(the_host_writes_nothing_to_the_doorbell) {
  link->on_started(std::make_shared<no_child>());
  os::poll_set set;
  const auto place = set.add(link->end().doorbell().get());
  set.wait(deadline::now());
  BOOST_TEST(!set.is_readable(place));
}

// The word lies in memory that the worker writes: a forger, or one that the launcher has given up
// meanwhile, is not believed.
BOOST_AUTO_TEST_CASE(a_worker_is_ready_when_it_says_so_and_the_launcher_knows_it) {
  auto input = os::shared_memory::create("test-input", 4096, os::write_access::creator);
  const auto map = [](const os::fd& descriptor, bool is_writable) {
    return os::shared_memory::map(descriptor, 1, is_writable).value();
  };
  ipc::worker_end worker{map(link->end().request_descriptor(), false),
                         map(link->end().response_descriptor(), true),
                         map(input.descriptor(), false), map(link->end().output_descriptor(), true),
                         os::event_fd{link->end().doorbell().duplicate().value()}};
  BOOST_TEST(!link->is_ready());
  worker.announce_ready();
  BOOST_TEST(!link->is_ready());
  link->on_started(std::make_shared<no_child>());
  BOOST_TEST(link->is_ready());
}

BOOST_AUTO_TEST_CASE(a_worker_that_only_the_launcher_knows_is_not_ready) {
  link->on_started(std::make_shared<no_child>());
  BOOST_TEST(!link->is_ready());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
