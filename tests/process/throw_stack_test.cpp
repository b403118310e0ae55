// Goal: a probe tells from where an exception was thrown, and nothing else of the program notices.
// Method: functions that throw two calls deep, in this program and in a library; the code at the
// remembered addresses must be theirs.

#include "process/sample_library.hpp"

#include "troupe/process/code_name.hpp"
#include "troupe/process/throw_stack.hpp"

#include <boost/test/unit_test.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace throw_sample {

// Outside the anonymous namespace: their names are what the test looks for. What follows the call
// keeps it from being the last instruction, which would take the caller off the stack.
volatile int after = 0;
constexpr int line_of_throw = __LINE__ + 2;
[[gnu::noinline]] void throws(int number) {
  if (number == 0) throw std::runtime_error{"thrown"};
  after = number;
}
[[gnu::noinline]] void calls_it(int number) {
  throws(number);
  after = number;
}
// Any type but a std::exception.
struct odd {};
template<class T>
[[gnu::noinline]] void throws_any(T value) {
  throw value;
}
[[gnu::noinline]] void throws_again() {
  try {
    calls_it(0);
  } catch (...) {
    throw;
  }
}
[[gnu::noinline]] void rethrows_kept() {
  std::exception_ptr kept;
  try {
    calls_it(0);
  } catch (...) {
    kept = std::current_exception();
  }
  std::rethrow_exception(kept);
}
[[gnu::noinline]] int recurse(int depth) {
  if (depth == 0) {
    throws(0);
    return 0;
  }
  const int below = recurse(depth - 1);
  after = below;
  return below + 1;
}
[[gnu::noinline]] void lets_the_library_throw() {
  after = static_cast<int>(std::vector<int>(1).at(7));
}

} // namespace throw_sample

namespace {

template<class F>
[[gnu::noinline]] std::vector<std::string> stack_of(F action) {
  bool was_caught = false;
  end_throw_stacks_at(__builtin_frame_address(0));
  try {
    action();
  } catch (const throw_probe&) {
    BOOST_ERROR("a probe catches nothing");
  } catch (...) {
    was_caught = true;
  }
  end_throw_stacks_at(nullptr);
  BOOST_TEST(was_caught);
  std::vector<std::string> out;
  for (const auto address : take_throw_stack()) out.push_back(name_of_code({address}));
  return out;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(throw_stack_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(first_frame_is_the_throw_the_next_its_caller) {
  const auto stack = stack_of([] { throw_sample::calls_it(0); });
  BOOST_TEST_REQUIRE(stack.size() >= 2U);
  BOOST_TEST(has(stack[0], "throw_sample::throws("), stack[0]);
  const auto line = "throw_stack_test.cpp:" + std::to_string(throw_sample::line_of_throw);
  BOOST_TEST(has(stack[0], line), stack[0]);
  BOOST_TEST(has(stack[1], "throw_sample::calls_it("), stack[1]);
}

BOOST_AUTO_TEST_CASE(the_catcher_and_what_called_it_are_left_out) {
  const auto stack = stack_of([] { throw_sample::calls_it(0); });
  for (const auto& frame : stack) {
    BOOST_TEST(!has(frame, "stack_of<"), frame);
    BOOST_TEST(!has(frame, "boost::unit_test"), frame);
  }
}

BOOST_AUTO_TEST_CASE(an_exception_thrown_again_tells_the_last_throw) {
  const auto again = stack_of([] { throw_sample::throws_again(); });
  BOOST_TEST_REQUIRE(!again.empty());
  BOOST_TEST(has(again[0], "throw_sample::throws_again("), again[0]);
  const auto kept = stack_of([] { throw_sample::rethrows_kept(); });
  BOOST_TEST_REQUIRE(!kept.empty());
  BOOST_TEST(has(kept[0], "throw_sample::rethrows_kept("), kept[0]);
}

BOOST_AUTO_TEST_CASE(a_throw_inside_the_standard_library_tells_who_called_it) {
  bool was_found = false;
  for (const auto& frame : stack_of([] { throw_sample::lets_the_library_throw(); })) {
    was_found = was_found || has(frame, "lets_the_library_throw");
  }
  BOOST_TEST(was_found);
}

BOOST_AUTO_TEST_CASE(a_throw_in_a_library_is_named_too) {
  const auto stack = stack_of([] { troupe_sample::throw_in_library(); });
  BOOST_TEST_REQUIRE(!stack.empty());
  BOOST_TEST(has(stack[0], "throw_in_library"), stack[0]);
  BOOST_TEST(has(stack[0], "sample_library.cpp:"), stack[0]);
}

BOOST_AUTO_TEST_CASE(any_type_is_seen) {
  BOOST_TEST(!stack_of([] { throw_sample::throws_any(throw_sample::odd{}); }).empty());
  BOOST_TEST(!stack_of([] { throw_sample::throws_any(42); }).empty());
  BOOST_TEST(!stack_of([] { throw_sample::throws_any("text"); }).empty());
}

BOOST_AUTO_TEST_CASE(deep_stacks_keep_the_innermost_frames) {
  const auto stack = stack_of([] { throw_sample::recurse(1000); });
  BOOST_TEST_REQUIRE(stack.size() == throw_frames_max);
  BOOST_TEST(has(stack.front(), "throw_sample::throws("), stack.front());
  BOOST_TEST(has(stack.back(), "throw_sample::recurse("), stack.back());
}

BOOST_AUTO_TEST_CASE(what_is_caught_inside_leaves_nothing) {
  try {
    try {
      throw_sample::calls_it(0);
    } catch (const std::runtime_error&) {
      throw_sample::after = 1;
    }
  } catch (const throw_probe&) {
  } catch (...) {
  }
  BOOST_TEST(take_throw_stack().empty());
}

BOOST_AUTO_TEST_CASE(a_stack_is_taken_once_and_belongs_to_its_thread) {
  try {
    throw_sample::calls_it(0);
  } catch (const throw_probe&) {
  } catch (...) {
    bool is_empty_elsewhere = false;
    std::thread{[&] { is_empty_elsewhere = take_throw_stack().empty(); }}.join();
    BOOST_TEST(is_empty_elsewhere);
  }
  BOOST_TEST(!take_throw_stack().empty());
  BOOST_TEST(take_throw_stack().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
