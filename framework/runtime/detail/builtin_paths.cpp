// Part of Troupe; see LICENSE.

#include "troupe/runtime/detail/builtin_paths.hpp"

#include "troupe/base/descriptor_path.hpp"
#include "troupe/base/text.hpp"
#include "troupe/os/file_access.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace troupe::detail {

namespace {

namespace fs = std::filesystem;

std::string in_quotes(const fs::path& path) {
  return "'" + text::printable(path.string()) + "'";
}

/// Where the actor will be when it opens its files.
fs::path folder_of(const config::troupe_spec& spec, const config::pool_spec& pool) {
  return pool.working_dir ? pool.working_dir->path : spec.directory;
}

std::string problem_of_input(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem)) {
    return in_quotes(path) + " does not exist; make it, or correct the path";
  }
  if (!os::may_read(path)) return "no right to read " + in_quotes(path);
  return {};
}

std::string problem_of_input_file(const fs::path& path) {
  std::error_code problem;
  if (fs::is_directory(path, problem)) return in_quotes(path) + " is a folder; name a file";
  return problem_of_input(path);
}

std::string problem_of_output_folder(const fs::path& folder) {
  std::error_code problem;
  if (!fs::exists(folder, problem)) {
    return "its folder " + in_quotes(folder) + " does not exist; make it first";
  }
  if (!fs::is_directory(folder, problem)) return in_quotes(folder) + " is not a folder";
  if (!os::may_write(folder)) return "no right to write into " + in_quotes(folder);
  return {};
}

std::string problem_of_output(const fs::path& path) {
  std::error_code problem;
  if (fs::is_directory(path, problem)) return in_quotes(path) + " is a folder; name a file";
  if (fs::exists(path, problem)) {
    return os::may_write(path) ? std::string{} : "no right to write " + in_quotes(path);
  }
  return problem_of_output_folder(path.has_parent_path() ? path.parent_path() : fs::path{"."});
}

// It makes its folder, so what counts is the nearest one that is there.
std::string problem_of_target(const fs::path& path) {
  std::error_code problem;
  for (auto at = path; !at.empty(); at = at.parent_path()) {
    if (fs::exists(at, problem)) return problem_of_output_folder(at);
    if (at == at.parent_path()) break;
  }
  return {};
}

using look = std::string (*)(const fs::path&);

struct path_rule {
  const char* builtin;
  const char* setting;
  look problem_of;
};

constexpr path_rule rules[] = {{"file_tree", "root", &problem_of_input},
                               {"lines_from_file", "path", &problem_of_input_file},
                               {"lines_to_file", "path", &problem_of_output},
                               {"copy_file", "root", &problem_of_input},
                               {"copy_file", "target", &problem_of_target}};

} // namespace

std::vector<path_problem> builtin_path_problems(const config::troupe_spec& spec,
                                                const config::pool_spec& pool) {
  std::vector<path_problem> out;
  const auto settings = nlohmann::json::parse(pool.config_json, nullptr, false);
  if (!settings.is_object()) return out;
  for (const auto& rule : rules) {
    if (pool.builtin != rule.builtin) continue;
    const auto value = settings.find(rule.setting);
    if (value == settings.end() || !value->is_string()) continue;
    const auto path = folder_of(spec, pool) / value->get<std::string>();
    const auto problem = descriptor_named_by(path.string()).value_or(2) != 2
                             ? in_quotes(path) + " is another file in each process; name stdin and "
                                                 "stdout by the builtins of that name"
                             : rule.problem_of(path);
    if (!problem.empty()) {
      out.push_back({"builtin." + pool.builtin + "." + rule.setting, problem});
    }
  }
  return out;
}

} // namespace troupe::detail
