#include <troupe/base/error.hpp>

#include <cstdio>

int main() {
  const auto cause = troupe::system_failure("cannot", 1);
  std::puts(cause.os_error == 1 ? "42" : "wrong");
}
