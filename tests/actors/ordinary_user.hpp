// Part of Troupe; see LICENSE.

#pragma once

#include <boost/test/unit_test.hpp>

#include <unistd.h>

namespace troupe::test {

/// While it lives, rights count as they do for an ordinary user: root, who may read everything, has
/// no such rights meanwhile.
class ordinary_user {
public:
  ordinary_user() {
    if (is_root_) BOOST_REQUIRE(::seteuid(nobody) == 0);
  }
  ~ordinary_user() {
    if (is_root_ && ::seteuid(0) != 0) ::abort();
  }
  ordinary_user(const ordinary_user&) = delete;
  ordinary_user& operator=(const ordinary_user&) = delete;

private:
  static constexpr uid_t nobody = 65534;
  const bool is_root_ = ::geteuid() == 0;
};

} // namespace troupe::test
