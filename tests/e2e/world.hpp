// Part of Troupe; see LICENSE.

#pragma once

#include "support/process_table.hpp"
#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace troupe::test {

/// What every case must leave behind: no child, dead or alive, no descriptor, no thread.
struct clean_world {
  clean_world() : descriptors_{open_descriptors()} {}
  ~clean_world() {
    // A thread that was joined is in /proc for a moment longer, and one that ran the callback which
    // ended the last pool still has to leave.
    for (int i = 0; i < 100'000 && thread_count() > 1; ++i) std::this_thread::yield();
    BOOST_TEST(thread_count() == 1);
    BOOST_TEST(children_of(::getpid()).empty());
    BOOST_TEST(open_descriptors() == descriptors_, boost::test_tools::per_element());
  }

  static long thread_count() {
    const std::filesystem::directory_iterator tasks{"/proc/self/task"};
    return std::distance(begin(tasks), end(tasks));
  }

private:
  std::vector<std::string> descriptors_;
};

/// Where tasks wait until the test lets them pass: two named pipes, so that nobody has to sleep.
class gate {
public:
  gate() {
    for (const auto* name : {"in", "out"}) {
      if (::mkfifo((folder_.path() / name).c_str(), 0600) != 0) throw std::runtime_error{"mkfifo"};
    }
    // Read and write: opening never blocks, and a reader never sees the end.
    in_ = ::open((folder_.path() / "in").c_str(), O_RDWR | O_CLOEXEC);
    out_ = ::open((folder_.path() / "out").c_str(), O_RDWR | O_CLOEXEC);
  }
  ~gate() {
    ::close(in_);
    ::close(out_);
  }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  /// What a task is given to find the gate.
  [[nodiscard]] std::string name() const { return folder_.path().string(); }

  /// Waits until `count` more tasks stand at the gate.
  void wait_for(int count) const {
    char byte = 0;
    for (int i = 0; i < count; ++i) BOOST_REQUIRE(::read(in_, &byte, 1) == 1);
  }
  void let_pass(int count) const {
    for (int i = 0; i < count; ++i) BOOST_REQUIRE(::write(out_, "x", 1) == 1);
  }

  /// In the task.
  static void arrive_and_wait(const std::string& name) {
    const int in = ::open((name + "/in").c_str(), O_WRONLY | O_CLOEXEC);
    const int out = ::open((name + "/out").c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 'x';
    const bool is_through = ::write(in, &byte, 1) == 1 && ::read(out, &byte, 1) == 1;
    ::close(in);
    ::close(out);
    if (!is_through) throw std::runtime_error{"the gate is gone"};
  }

private:
  temporary_folder folder_;
  int in_ = -1;
  int out_ = -1;
};

} // namespace troupe::test
