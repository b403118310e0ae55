// Part of Troupe; see LICENSE.

#include "troupe/base/descriptor_path.hpp"
#include "troupe/cli/load.hpp"
#include "troupe/cli/report.hpp"
#include "troupe/cli/running.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/cli/verbs.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/runtime/environment_check.hpp"
#include "troupe/runtime/translation.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace troupe::cli {

namespace {

// With --json, also what could not even be started has its object on stdout.
exit_code refuse_config(const run_arguments& arguments,
                        const std::vector<config::diagnostic>& findings) {
  show(findings);
  if (!arguments.is_json) return exit_code::bad_config;
  auto object = findings_json(arguments.file.path, false, findings);
  object.insert(1, R"("result":"refused","exit_code":78,)");
  return print(object + "\n", exit_code::bad_config);
}

exit_code refuse(const run_arguments& arguments, exit_code code, const std::string& what) {
  complain(what);
  if (!arguments.is_json) return code;
  const nlohmann::ordered_json out{
      {"result", "refused"}, {"exit_code", to_int(code)}, {"cause", {{"message", what}}}};
  return print(out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
               code);
}

exit_code refuse_usage(const run_arguments& arguments, const std::string& what) {
  return refuse(arguments, exit_code::usage, "run: " + what);
}

// Why stdin or stdout cannot be both for us and for a pool; empty: they are not.
std::string stream_needed_twice(const config::troupe_spec& spec, const run_arguments& arguments) {
  const bool is_file_on_stdin =
      arguments.file.path == "-" || descriptor_named_by(arguments.file.path) == 0;
  for (const auto& pool : spec.pools) {
    if (!pool.enabled) continue;
    if (is_file_on_stdin && pool.builtin == "stdin") {
      return "the file was read from stdin, but pool '" + pool.name +
             "' reads it too; give the file "
             "by its name";
    }
    if (!arguments.is_json) continue;
    const auto clash =
        "--json needs stdout for itself, but pool '" + pool.name + "' writes there too";
    if (pool.builtin == "stdout") return clash + " (builtin stdout)";
    if (pool.log_stdout == output_mode::inherit) return clash + " (log.stdout: inherit)";
  }
  return {};
}

exit_code finish(const run_arguments& arguments, const run_outcome& outcome) {
  if (!arguments.is_json && !arguments.is_quiet) (void)os::write_all(2, summary(outcome));
  if (outcome.cause) {
    const bool is_done = outcome.code == exit_code::messages_lost;
    complain(outcome.view.name + (is_done ? ": " : " failed: ") + outcome.cause->message);
  }
  if (!arguments.is_json) return outcome.code;
  return print(outcome_json(outcome) + "\n", outcome.code);
}

} // namespace

exit_code run(const run_arguments& arguments) {
  auto loaded = load(arguments.file);
  if (loaded.spec) {
    auto more = check_environment(*loaded.spec);
    auto& all = loaded.diagnostics;
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
    config::sort_by_position(all);
  }
  if (!loaded.spec || config::has_errors(loaded.diagnostics)) {
    return refuse_config(arguments, loaded.diagnostics);
  }
  show(loaded.diagnostics); // Warnings.
  const auto& spec = *loaded.spec;
  const bool has_pipeline =
      std::any_of(spec.pools.begin(), spec.pools.end(),
                  [](const config::pool_spec& pool) { return pool.enabled && !is_service(pool); });
  if (arguments.chaos > duration::zero() && !has_pipeline) {
    return refuse_usage(arguments, "--chaos kills workers of a pipeline, and this file has none");
  }
  if (const auto wrong = stream_needed_twice(spec, arguments); !wrong.empty()) {
    return refuse_usage(arguments, wrong);
  }
  running troupe{spec, arguments};
  if (const auto opened = troupe.open_socket(); !opened) {
    return refuse(arguments, exit_code::no_socket, opened.error().message);
  }
  return finish(arguments, troupe.run());
}

} // namespace troupe::cli
