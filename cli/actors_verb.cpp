// Part of Troupe; see LICENSE.

#include "troupe/actors/catalogue.hpp"
#include "troupe/actors/describe.hpp"
#include "troupe/base/text.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/cli/verbs.hpp"

#include <string_view>
#include <vector>

namespace troupe::cli {

exit_code actors(const actors_arguments& arguments) {
  if (troupe::actors::list_builtins(arguments.name).empty()) {
    std::vector<std::string_view> names;
    for (const auto& one : troupe::actors::builtins()) names.push_back(one.name);
    const auto near = text::nearest(arguments.name, names);
    complain("actors: no builtin is called '" + text::printable(arguments.name, 60) + "'" +
             (near.empty() ? "; 'troupe actors' lists them"
                           : "; did you mean '" + std::string{near} + "'?"));
    return exit_code::usage;
  }
  return print(arguments.is_json ? troupe::actors::builtins_json(arguments.name) + "\n"
                                 : troupe::actors::list_builtins(arguments.name),
               exit_code::ok);
}

} // namespace troupe::cli
