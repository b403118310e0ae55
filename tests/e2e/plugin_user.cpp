// Part of Troupe; see LICENSE.
//
// A plugin that is given a pool and sends its own functions, with trampolines made in the plugin.

#include "troupe/pool.hpp"

#include <string>
#include <vector>

namespace {

struct plugin_scale {
  int factor;
  int operator()(int number) const { return factor * number; }
};

} // namespace

extern "C" int plugin_use(troupe::pool& pool) {
  const int from_lambda = pool.apply([](int number) { return number + 7; }, 1);
  const int from_functor = pool.apply(plugin_scale{3}, 5);
  int sum = 0;
  for (const int each : pool.map([](int number) { return number * 100; }, std::vector{1, 2, 3})) {
    sum += each;
  }
  return from_lambda + from_functor + sum;
}
