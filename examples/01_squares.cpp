// Shows: a pool of processes, one task, and a map that keeps the order of its input.
// Run:    build/dev/bin/example_01_squares
// Prints: 1 4 9 16 25 36 144

#include <troupe/troupe.hpp>

#include <iostream>
#include <vector>

int square(int n) {
  return n * n;
}

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  troupe::pool pool{{.replicas = 4}};
  const troupe::future<int> f = pool.submit(square, 12);
  const std::vector<int> squares = pool.map(square, std::vector{1, 2, 3, 4, 5, 6});
  for (const int s : squares) std::cout << s << ' ';
  std::cout << f.get() << '\n';
}
