// Part of Troupe; see LICENSE.

#include "troupe/cli/load.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/cli/verbs.hpp"
#include "troupe/runtime/environment_check.hpp"

#include <iterator>

namespace troupe::cli {

namespace {

std::string in_order(const config::troupe_spec& spec) {
  const auto count = [](std::size_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
  };
  return spec.file + ": '" + spec.name + "' is in order: " + count(spec.pools.size(), "pool") +
         ", " + count(spec.channels.size(), "channel") + "\n";
}

} // namespace

exit_code validate(const validate_arguments& arguments) {
  auto loaded = load(arguments.file);
  auto& findings = loaded.diagnostics;
  if (loaded.spec && arguments.checks_environment) {
    auto more = check_environment(*loaded.spec);
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
    config::sort_by_position(findings);
  }
  const bool is_wrong = !loaded.spec || config::has_errors(findings) ||
                        (arguments.has_strict_warnings && !findings.empty());
  const auto code = is_wrong ? exit_code::bad_config : exit_code::ok;
  if (arguments.is_json) {
    return print(findings_json(arguments.file.path, !is_wrong, findings) + "\n", code);
  }
  show(findings);
  if (is_wrong) return code;
  return print(arguments.prints ? config::to_yaml(*loaded.spec) : in_order(*loaded.spec), code);
}

} // namespace troupe::cli
