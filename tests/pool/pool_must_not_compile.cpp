// Goal: a call that cannot work in another process is refused with a sentence that says why.
// Method: ctest compiles this with each CASE and looks for the sentence (see CMakeLists.txt).

#include "troupe/pool/pool.hpp"

#include <string>
#include <string_view>

int square(int number) {
  return number * number;
}
void increment(int& number) {
  ++number;
}
std::string_view first_word(const std::string& text) {
  return text;
}
const char* name_of(int) {
  return "name";
}

struct open_file {
  int* descriptor;
};
int close_it(const open_file& file) {
  return *file.descriptor;
}

void try_it(troupe::pool& pool, int number) {
#if CASE == 1
  pool.submit([number](int other) { return number + other; }, 1);
#elif CASE == 2
  pool.submit(increment, number);
#elif CASE == 3
  pool.submit(square, std::string{"four"});
#elif CASE == 4
  pool.submit(first_word, std::string{"two words"});
#elif CASE == 5
  pool.submit(name_of, 1);
#elif CASE == 6
  pool.submit(close_it, open_file{&number});
#elif CASE == 7
  pool.map([number](int other) { return number + other; }, std::vector{1, 2});
#else
  pool.submit(square, number);
  pool.map([](int other) { return other + 1; }, std::vector{1, 2});
#endif
}
