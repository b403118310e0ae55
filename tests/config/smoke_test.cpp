#include "troupe/config/loader.hpp"
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <cstdlib>
BOOST_AUTO_TEST_CASE(smoke) {
  const char* f = std::getenv("F");
  if (!f) return;
  troupe::config::load_options o;
  using enum troupe::config::builtin_role;
  using troupe::config::value_type;
  o.builtins = {{"file_tree", source, {{"root", value_type::path, true, {}}, {"pattern", value_type::text, false, {}}}, "", "string", true},
    {"sha256", transform, {}, "string", "string", false},
    {"lines_to_file", sink, {{"path", value_type::path, true, {}}}, "string", "", true}};
  auto r = troupe::config::load_file(f, o);
  std::cout << render(r.diagnostics);
  if (r.spec) std::cout << to_yaml(*r.spec);
}
