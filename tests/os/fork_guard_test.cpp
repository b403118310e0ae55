// Goal: an object knows whether it is used by the process that made it, or by a forked copy.
// Method: fork in every way the kernel knows, with and without its help, and ask in the copies.

#include "troupe/os/fork_guard.hpp"

#include "support/forked.hpp"
#include "troupe/base/error.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::os {
namespace {

using test::holds_in_copy;
using test::plain_fork;
using test::raw_fork;

// From now on madvise(MADV_WIPEONFORK) fails, as in a kernel that does not know it.
bool forbid_wiped_pages() {
  constexpr auto number = static_cast<unsigned>(offsetof(seccomp_data, nr));
  constexpr auto advice = static_cast<unsigned>(offsetof(seccomp_data, args[2]));
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, advice),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Asked by a process about itself, its copy and the copy's copy.
bool tells_copies_apart(int (*make_copy)()) {
  const fork_guard mine;
  const auto in_child = [&] {
    const fork_guard childs;
    const auto in_grandchild = [&] {
      return mine.is_forked_copy() && childs.is_forked_copy() && !fork_guard{}.is_forked_copy();
    };
    return mine.is_forked_copy() && !childs.is_forked_copy() &&
           holds_in_copy(in_grandchild, make_copy) && !childs.is_forked_copy();
  };
  return !mine.is_forked_copy() && holds_in_copy(in_child, make_copy) && !mine.is_forked_copy();
}

BOOST_AUTO_TEST_SUITE(fork_guard_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(copies_and_their_copies_are_told_apart) {
  BOOST_TEST(tells_copies_apart(plain_fork));
}

BOOST_AUTO_TEST_CASE(copies_made_by_a_raw_clone_are_told_apart) {
  BOOST_TEST(tells_copies_apart(raw_fork));
}

BOOST_AUTO_TEST_CASE(copies_are_told_apart_where_the_kernel_wipes_no_pages) {
  for (auto* const make_copy : {plain_fork, raw_fork}) {
    BOOST_TEST(holds_in_copy([make_copy] {
      detail::stamp_word.store(nullptr); // As in a process that has not asked yet.
      return forbid_wiped_pages() && tells_copies_apart(make_copy) &&
             detail::stamp_word.load()->load() == 0;
    }));
  }
}

BOOST_AUTO_TEST_CASE(a_daemon_is_a_copy) {
  std::array<int, 2> ends{};
  BOOST_TEST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const fork_guard mine;
  const int child = ::fork();
  if (child == 0) {
    const bool is_daemon = ::daemon(1, 1) == 0;
    const char answer = is_daemon && mine.is_forked_copy() ? 'y' : 'n';
    ::_exit(::write(ends[1], &answer, 1) == 1 ? 0 : 1);
  }
  ::close(ends[1]);
  char answer = 0;
  BOOST_TEST(::read(ends[0], &answer, 1) == 1);
  BOOST_TEST(answer == 'y');
  ::close(ends[0]);
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
}

BOOST_AUTO_TEST_CASE(threads_that_ask_first_at_once_get_one_stamp) {
  BOOST_TEST(holds_in_copy([] {
    std::array<std::uint64_t, 4> stamps{};
    {
      std::array<std::thread, 4> threads;
      for (std::size_t i = 0; i < threads.size(); ++i) {
        threads[i] = std::thread{[&stamps, i] { stamps[i] = process_stamp(); }};
      }
      for (auto& each : threads) each.join();
    }
    for (const auto stamp : stamps) {
      if (stamp != process_stamp()) return false;
    }
    return true;
  }));
}

BOOST_AUTO_TEST_CASE(a_copy_is_refused_with_the_way_out) {
  const fork_guard mine;
  mine.refuse_forked_copy("the pool 'a'");
  BOOST_TEST(holds_in_copy([&] {
    try {
      mine.refuse_forked_copy("the pool 'a'");
    } catch (const forked_copy& refused) {
      const std::string_view text = refused.what();
      return refused.code() == errc::forked_copy && text.starts_with("the pool 'a' belongs to") &&
             text.find("daemon()") != text.npos && text.find("exec") != text.npos;
    }
    return false;
  }));
}

BOOST_AUTO_TEST_CASE(what_is_leaked_is_not_destroyed) {
  static auto& kept = *new std::vector<std::shared_ptr<int>>; // Or a leak sanitizer would tell.
  const auto shared = kept.emplace_back(std::make_shared<int>(1));
  auto* const copy = new std::shared_ptr<int>{shared};
  leak(std::move(*copy));
  delete copy;
  BOOST_TEST(shared.use_count() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
