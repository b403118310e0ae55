// A program of somebody else's that uses nothing but the public headers; prints 42.

#include <troupe/troupe.hpp>

#include <cstdio>

int twice(int value) {
  return 2 * value;
}

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  troupe::pool pool{{.replicas = 2}};
  auto answer = pool.submit(twice, 21);
  std::printf("%d\n", answer.get());
}
