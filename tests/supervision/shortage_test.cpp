// Goal: what a limit or the machine is out of is told apart from what is broken, with a remedy.
// Method: errno by errno.

#include "troupe/base/shortage.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(shortage_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(each_shortage_names_its_limit) {
  const auto has = [](int problem, const char* word) {
    return std::string{shortage_text(problem)}.find(word) != std::string::npos;
  };
  BOOST_TEST(has(EMFILE, "ulimit -n"));
  BOOST_TEST(has(ENFILE, "fs.file-max"));
  BOOST_TEST(has(EAGAIN, "ulimit -u"));
  BOOST_TEST(has(ENOMEM, "memory"));
  BOOST_TEST(has(ENOSPC, "epoll"));
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_forbidden_is_no_shortage) {
  for (const int problem : {0, ENOENT, EACCES, EPERM, ENOSYS, EINTR, EFBIG})
    BOOST_TEST(!is_shortage(problem));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
