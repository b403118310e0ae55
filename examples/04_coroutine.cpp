// Shows: co_await on a future; the coroutine goes on where Troupe's callbacks run.
// Run:    build/dev/bin/example_04_coroutine
// Prints: 6 x 7 = 42

#include <troupe/troupe.hpp>

#include <coroutine>
#include <cstdio>
#include <exception>
#include <future>

int multiply(int a, int b) {
  return a * b;
}

// The least a coroutine needs: starts at once, and nobody waits for its frame.
struct detached {
  struct promise_type {
    detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

detached print_product(troupe::pool& pool, std::promise<void>& is_done) {
  const int product = co_await pool.submit(multiply, 6, 7);
  std::printf("6 x 7 = %d\n", product);
  is_done.set_value();
}

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  troupe::pool pool{{.replicas = 1}};
  std::promise<void> is_done;
  print_product(pool, is_done);
  is_done.get_future().wait();
}
