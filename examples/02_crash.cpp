// Shows: a task that crashes takes only itself along; the error names signal, function and line.
// Run:    build/dev/bin/example_02_crash
// Prints: task 1 was lost in attempt 1: worker pool/0 (pid ...) died of signal SEGV in parse (...)
//         the pool goes on: 42

#include <troupe/troupe.hpp>

#include <iostream>
#include <string>

// Stands for a parser that cannot bear an empty document.
int parse(const std::string& document) {
  const volatile char* first = document.empty() ? nullptr : document.data();
  return *first == '<' ? 42 : 0;
}

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  troupe::pool pool{{.replicas = 2}};
  const auto bad = pool.submit(parse, "");
  const auto good = pool.submit(parse, "<xml/>");
  try {
    std::cout << bad.get() << '\n';
  } catch (const troupe::worker_lost& e) {
    std::cout << e.what() << '\n';
  }
  std::cout << "the pool goes on: " << good.get() << '\n';
}
