// Goal: a call that cannot work in another process is refused with a sentence that says why.
// Method: ctest compiles this with each CASE and looks for the sentence (see CMakeLists.txt).

#include "troupe/pool/pool.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

int sum_of(const char* format, ...) {
  return *format;
}
int take_text(std::string) {
  return 0;
}
struct named {
  std::optional<std::string_view> name;
};
named name_it(int) {
  return {};
}
std::vector<std::span<const int>> cut(int) {
  return {};
}
struct shape {
  int side = 0;
  int area() const { return side * side; }
};
/// Can be neither copied nor moved.
struct fixed_in_place {
  fixed_in_place() = default;
  fixed_in_place(const fixed_in_place&) = delete;
  fixed_in_place& operator=(const fixed_in_place&) = delete;
  std::unique_ptr<int> value;
};
int take_whole(std::unique_ptr<int>, int) {
  return 0;
}
std::string_view view_of(std::span<const std::byte>) {
  return {};
}

struct open_file {
  int* descriptor;
};
int close_it(const open_file& file) {
  return *file.descriptor;
}

void try_calls(troupe::pool& pool, [[maybe_unused]] int number) {
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
#elif CASE == 8
  pool.submit(&shape::area, shape{});
#elif CASE == 13
  pool.submit(std::function<int(int)>{square}, 1);
#elif CASE == 14
  pool.submit(std::bind(square, 1));
#elif CASE == 15
  pool.submit(sum_of, "text", 1);
#elif CASE == 16
  pool.submit([](int& other) { return ++other; }, 1);
#elif CASE == 17
  pool.submit(square, 1, 2);
#elif CASE == 18
  pool.submit([](int one) { return one; });
#elif CASE == 19
  pool.submit(name_it, 1);
#elif CASE == 21
  pool.submit(1, square);
#elif CASE == 22
  pool.submit(std::string{"square"}, 1);
#elif CASE == 29
  pool.submit(take_text, 5.0f);
#elif CASE == 30
  pool.submit([](int* at) { return *at; }, &number);
#elif CASE == 32
  pool.submit(view_of, pool.loan_buffer(1));
#elif CASE == 33
  pool.submit([](int) -> std::string_view { return {}; }, 1);
#elif CASE == 34
  pool.submit(std::reference_wrapper<int(int)>{square}, 1);
#elif CASE == 35
  pool.submit(std::mem_fn(&shape::area), shape{});
#else
  pool.submit(square, number);
#endif
}

void try_ranges(troupe::pool& pool, [[maybe_unused]] int number) {
#if CASE == 7
  pool.map([number](int other) { return number + other; }, std::vector{1, 2});
#elif CASE == 9
  pool.map(&shape::side, std::vector<shape>(2));
#elif CASE == 10
  pool.map(std::vector{1, 2}, square);
#elif CASE == 11
  pool.map(square, 7);
#elif CASE == 12
  pool.map(std::vector{1, 2}, std::vector{1, 2}, square);
#elif CASE == 20
  pool.map(cut, std::vector{1});
#elif CASE == 23
  pool.map(square, std::vector<std::string>{"a"});
#elif CASE == 24
  pool.map(increment, std::vector{1, 2});
#elif CASE == 25
  pool.starmap(square, std::vector{1, 2});
#elif CASE == 26
  pool.map(square, std::vector{1, 2}, std::vector{1, 2});
#elif CASE == 27
  std::vector<std::unique_ptr<int>> owned(2);
  pool.map(take_whole, owned, std::vector{1, 2});
#elif CASE == 28
  pool.map([](const int* at) { return *at; }, std::vector{&number});
#elif CASE == 31
  pool.for_each_completed(std::vector{1}, square, [](std::size_t, int) {});
#else
  pool.map([](int other) { return other + 1; }, std::vector{1, 2});
#endif
}
