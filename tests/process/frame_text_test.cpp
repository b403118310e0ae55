// Goal: the headline of a crash names the function as its programmer would, however odd its name.
// Method: pure; names as the C++ library demangles them, each with what is to be left of it.

#include "troupe/process/detail/frame_text.hpp"
#include "troupe/process/exit_status.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace troupe {
namespace {

using detail::parse_frame;

struct row {
  const char* function;
  const char* name;
};

constexpr row plain_functions[] = {
    {"main", "main"},
    {"plain_c.part.0", "plain_c.part.0"},
    {"stat()", "stat"},
    {"_ZN2ns3genIiEEvT_", "_ZN2ns3genIiEEvT_"},
    {"ns::job::run(int, char const*)", "ns::job::run"},
    {"ns::job::run() const", "ns::job::run"},
    {"ns::job::run() volatile", "ns::job::run"},
    {"ns::job::run() const volatile &&", "ns::job::run"},
    {"ns::job::run() &", "ns::job::run"},
    {"ns::job::~job()", "ns::job::~job"},
    {"ns::job::job(ns::job const&)", "ns::job::job"},
    {"ns::tagged[abi:t1]()", "ns::tagged[abi:t1]"},
    {"ns::run(int) [clone .cold]", "ns::run"},
    {"run [clone .part.0]", "run"},
    {"my_decltype(int)", "my_decltype"},
    {"operators(int)", "operators"},
    {"non-virtual thunk to ns::job::run()", "ns::job::run"},
    {"(anonymous namespace)::run(int (*)(int))", "(anonymous namespace)::run"},
    {"ns::(anonymous namespace)::job::run() const", "ns::(anonymous namespace)::job::run"},
};

constexpr row templates[] = {
    {"int ns::gen<int>(int)", "ns::gen<int>"},
    {"char const* ns::gen<char const*>(char const*)", "ns::gen<char const*>"},
    {"unsigned long long ns::gen<unsigned long>()", "ns::gen<unsigned long>"},
    {"unsigned long (anonymous namespace)::job::gen<unsigned long>(unsigned long) const",
     "(anonymous namespace)::job::gen<unsigned long>"},
    {"ns::box<char const* const>::get() const", "ns::box<char const* const>::get"},
    {"unsigned char ns::box<void (int)>::conv<unsigned long>(unsigned long) const",
     "ns::box<void (int)>::conv<unsigned long>"},
    {"std::vector<int, std::allocator<int> >& ns::gen<std::vector<int> >(std::vector<int>)",
     "ns::gen<std::vector<int> >"},
    {"decltype(auto) ns::dec<int>(int)", "ns::dec<int>"},
    {"decltype ({parm#1}+(1)) ns::dec<int>(int)", "ns::dec<int>"},
    {"decltype (((declval<int>)())<(3)) ns::dec<int>(int)", "ns::dec<int>"},
    {"decltype ((x)->y) ns::dec<decltype ((x)->y)>(int)", "ns::dec<decltype ((x)->y)>"},
    {"std::enable_if<((3)>(2)), int>::type ns::gen<int>(int)", "ns::gen<int>"},
    {"unsigned int ns::fn<&ns::target>()", "ns::fn<&ns::target>"},
    {"unsigned int ns::fn<(char)62>()", "ns::fn<(char)62>"},
    {"unsigned int ns::fn<&(ns::job::operator<(ns::job const&) const)>()",
     "ns::fn<&(ns::job::operator<(ns::job const&) const)>"},
    {"unsigned int ns::fn<&ns::job::operator>> >()", "ns::fn<&ns::job::operator>> >"},
    {"unsigned int ns::fn<&ns::job::operator->()", "ns::fn<&ns::job::operator->"},
    {"unsigned int ns::fn<&ns::job::operator-> >()", "ns::fn<&ns::job::operator-> >"},
};

constexpr row functions_as_results[] = {
    {"int (*ns::fp<int>(int))(int)", "ns::fp<int>"},
    {"int (*ns::fp<long>(long))(int (*)(char), void (*(*)(int))(char))", "ns::fp<long>"},
    {"int (*(*ns::fp<int>(int))(char))(long)", "ns::fp<int>"},
    {"int (&ns::ar<int>(int)) [3]", "ns::ar<int>"},
    {"int ns::job::* ns::pm<int>(int)", "ns::pm<int>"},
    {"void (ns::job::*ns::pmf<int>(int))(int) const", "ns::pmf<int>"},
    {"ns::f()::{lambda(int)#1} const& std::forward<int>(int&)", "std::forward<int>"},
};

constexpr row operators[] = {
    {"ns::job::operator()(int) const &", "ns::job::operator()"},
    {"(anonymous namespace)::job::operator()(int)", "(anonymous namespace)::job::operator()"},
    {"operator()", "operator()"},
    {"ns::job::operator[](int) const", "ns::job::operator[]"},
    {"ns::job::operator<(ns::job const&) const", "ns::job::operator<"},
    {"ns::job::operator<<(int)", "ns::job::operator<<"},
    {"ns::job::operator>(ns::job const&) const", "ns::job::operator>"},
    {"ns::job::operator<=>(ns::job const&) const", "ns::job::operator<=>"},
    {"ns::job::operator->()", "ns::job::operator->"},
    {"ns::job::operator->*(int)", "ns::job::operator->*"},
    {"ns::job::operator,(int)", "ns::job::operator,"},
    {"ns::job::operator&&(int)", "ns::job::operator&&"},
    {"ns::job::operator*() const", "ns::job::operator*"},
    {"bool operator< <int>(int, ns::job)", "operator< <int>"},
    {"bool operator<< <int>(int, ns::box<int>)", "operator<< <int>"},
    {"bool operator><int>(int, ns::job)", "operator><int>"},
    {"operator new(unsigned long)", "operator new"},
    {"ns::job::operator new[](unsigned long)", "ns::job::operator new[]"},
    {"ns::job::operator delete[](void*)", "ns::job::operator delete[]"},
    {"operator\"\" _km(unsigned long long)", "operator\"\" _km"},
    {"ns::job::operator bool() const", "ns::job::operator bool"},
    {"ns::job::operator char const*() const", "ns::job::operator char const*"},
    {"ns::job::operator std::vector<int, std::allocator<int> >() &&",
     "ns::job::operator std::vector<int, std::allocator<int> >"},
    {"ns::box<int>::operator unsigned long<unsigned long>() const",
     "ns::box<int>::operator unsigned long<unsigned long>"},
    {"ns::job::operator int (*)(int)() const", "ns::job::operator int (*)(int)"},
    {"ns::job::operator void (*)()() const", "ns::job::operator void (*)()"},
};

constexpr row names_in_functions[] = {
    {"main::{lambda()#1}::operator()() const", "main::{lambda()#1}::operator()"},
    {"main::{lambda()#1}::_FUN()", "main::{lambda()#1}::_FUN"},
    {"ns::f(int)::{lambda(char)#2}::operator()(char)", "ns::f(int)::{lambda(char)#2}::operator()"},
    {"ns::job::f() const::{lambda()#1}::operator()() const",
     "ns::job::f() const::{lambda()#1}::operator()"},
    {"ns::job::f(int) const &::{lambda()#1}::operator()() const",
     "ns::job::f(int) const &::{lambda()#1}::operator()"},
    {"ns::job::f() &&::{lambda()#1}::operator()()", "ns::job::f() &&::{lambda()#1}::operator()"},
    {"f()::{lambda()#3}::operator()() const::{lambda()#1}::operator()() const",
     "f()::{lambda()#3}::operator()() const::{lambda()#1}::operator()"},
    {"auto ns::job::f() const::{lambda(auto:1)#2}::operator()<int>(int) const",
     "ns::job::f() const::{lambda(auto:1)#2}::operator()<int>"},
    {"unsigned long f()::{lambda((auto:1)...)#1}::operator()<int, char const*>(int, char const*)",
     "f()::{lambda((auto:1)...)#1}::operator()<int, char const*>"},
    {"ns::job::f() const::local::go()", "ns::job::f() const::local::go"},
    {"f(void (*)(int))::local::go()", "f(void (*)(int))::local::go"},
    {"void ns::job::call<ns::job::f() const::{lambda(int)#1}>(ns::job::f() const::{lambda(int)#1})",
     "ns::job::call<ns::job::f() const::{lambda(int)#1}>"},
    {"ns::job::operator bool() const::{lambda()#1}::operator()() const",
     "ns::job::operator bool() const::{lambda()#1}::operator()"},
};

constexpr row no_names[] = {
    {"libparse.so+0x1f3", "libparse.so+0x1f3"},
    {"my lib (copy).so+0x1f3", "my lib (copy).so+0x1f3"},
    {"0x7fff1234", "0x7fff1234"},
    {"", ""},
    {" ", " "},
    {"()", "()"},
};

template<std::size_t N>
void check(const row (&rows)[N]) {
  for (const auto& [function, name] : rows) {
    const std::string text{function};
    BOOST_TEST(parse_frame(text).name == name);
    for (const auto* place : {"/src/a.cpp:12", "/home/me at work/a (1).cpp:3", "a.cpp:1"}) {
      const auto line = "#3 " + text + " at " + place;
      if (text.size() < 3) continue; // There is no function.
      BOOST_TEST(parse_frame(line).name == name);
      BOOST_TEST(parse_frame(line).place == place);
    }
  }
}

BOOST_AUTO_TEST_SUITE(frame_text_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(plain_functions_are_named) {
  check(plain_functions);
}
BOOST_AUTO_TEST_CASE(templates_are_named_without_their_result) {
  check(templates);
}
BOOST_AUTO_TEST_CASE(functions_that_give_functions_are_named) {
  check(functions_as_results);
}
BOOST_AUTO_TEST_CASE(operators_are_named) {
  check(operators);
}
BOOST_AUTO_TEST_CASE(lambdas_and_local_classes_are_named_with_the_function_around_them) {
  check(names_in_functions);
}
BOOST_AUTO_TEST_CASE(what_has_no_name_stays_as_it_is) {
  check(no_names);
}

BOOST_AUTO_TEST_CASE(every_beginning_and_end_of_a_name_has_an_answer) {
  const auto cut = [](const auto& rows) {
    for (const auto& each : rows) {
      const std::string text{each.function};
      for (std::size_t i = 0; i <= text.size(); ++i) {
        BOOST_TEST(parse_frame(text.substr(0, i)).name.size() <= i);
        BOOST_TEST(parse_frame(text.substr(i)).name.size() <= text.size() - i);
      }
    }
  };
  cut(templates);
  cut(functions_as_results);
  cut(operators);
  cut(names_in_functions);
}

BOOST_AUTO_TEST_CASE(the_headline_of_a_crash_in_a_lambda_names_it) {
  exit_record record;
  record.name = "p/0";
  record.pid = 7;
  record.status = exit_status::killed_by(SIGSEGV);
  record.stack = {"#0 ns::job::f() const::{lambda()#1}::operator()() const at /me at work/a.cpp:5"};
  BOOST_TEST(to_string(record) == "worker p/0 (pid 7) died of signal SEGV in "
                                  "ns::job::f() const::{lambda()#1}::operator() (a.cpp:5)");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
