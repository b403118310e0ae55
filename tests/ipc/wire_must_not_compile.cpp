// Goal: what cannot travel is refused with a sentence that says why.
// Method: ctest compiles this with each CASE and looks for the sentence (see CMakeLists.txt).

#include "troupe/ipc/wire.hpp"

#include <functional>

struct holder {
  int number;
  std::vector<char*> names;
};
struct parent {
  int x;
};
struct child : parent {
  int y;
};
struct fixed {
  const int x;
};
struct no_default {
  explicit no_default(int number) : value{number} {}
  int value;
};

#if CASE == 1
using type = holder;
#elif CASE == 2
using type = std::function<void()>;
#elif CASE == 3
using type = child;
#elif CASE == 4
using type = fixed;
#elif CASE == 5
using type = std::vector<no_default>;
#else
using type = std::vector<int>;
#endif

troupe::expected<type> back_and_forth(const type& value) {
  return troupe::wire::decode<type>(troupe::wire::to_bytes(value));
}
