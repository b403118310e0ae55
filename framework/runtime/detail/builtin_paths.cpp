// Part of Troupe; see LICENSE.

#include "troupe/runtime/detail/builtin_paths.hpp"

#include "troupe/base/descriptor_path.hpp"
#include "troupe/base/text.hpp"
#include "troupe/os/file_access.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <utility>

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

enum class path_use {
  reads,
  writes,
  other, ///< A folder; what of it is read or written is known file by file only.
};

struct path_rule {
  const char* builtin;
  const char* setting;
  path_use use;
  look problem_of;
};

constexpr path_rule rules[] = {{"file_tree", "root", path_use::other, &problem_of_input},
                               {"lines_from_file", "path", path_use::reads, &problem_of_input_file},
                               {"lines_to_file", "path", path_use::writes, &problem_of_output},
                               {"copy_file", "root", path_use::other, &problem_of_input},
                               {"copy_file", "target", path_use::other, &problem_of_target}};

struct named_path {
  const config::pool_spec* pool;
  const path_rule* rule;
  fs::path path;
};

std::vector<named_path> paths_of(const config::troupe_spec& spec, const config::pool_spec& pool) {
  std::vector<named_path> out;
  const auto settings = nlohmann::json::parse(pool.config_json, nullptr, false);
  if (!settings.is_object()) return out;
  for (const auto& rule : rules) {
    if (pool.builtin != rule.builtin) continue;
    const auto value = settings.find(rule.setting);
    if (value == settings.end() || !value->is_string()) continue;
    out.push_back({&pool, &rule, folder_of(spec, pool) / value->get<std::string>()});
  }
  return out;
}

std::string key_of(const named_path& named) {
  return "builtin." + named.pool->builtin + "." + named.rule->setting;
}

// One that is not there yet has its name only.
bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code problem;
  if (fs::exists(one, problem) && !fs::is_regular_file(one, problem)) return false;
  if (fs::equivalent(one, other, problem) && !problem) return true;
  const auto name = fs::weakly_canonical(one, problem);
  if (problem) return false;
  const auto other_name = fs::weakly_canonical(other, problem);
  return !problem && name == other_name;
}

std::string conflict_between(const named_path& writer, const named_path& other) {
  const auto begin = in_quotes(writer.path);
  const auto name = "'" + other.pool->name + "'";
  if (other.rule->use == path_use::writes) {
    return begin + " is written by pool " + name +
           ", too: each would cut off what the other wrote; give each a file of its own";
  }
  return begin + " is read by pool " + name +
         ": it would be cut off before it is read; write to another file";
}

} // namespace

std::vector<path_problem> builtin_path_problems(const config::troupe_spec& spec,
                                                const config::pool_spec& pool) {
  std::vector<path_problem> out;
  for (const auto& named : paths_of(spec, pool)) {
    const auto& path = named.path;
    const auto problem = descriptor_named_by(path.string()).value_or(2) != 2
                             ? in_quotes(path) + " is another file in each process; name stdin and "
                                                 "stdout by the builtins of that name"
                             : named.rule->problem_of(path);
    if (!problem.empty()) out.push_back({key_of(named), problem});
  }
  return out;
}

std::vector<file_conflict> builtin_file_conflicts(const config::troupe_spec& spec) {
  std::vector<named_path> all;
  for (const auto& pool : spec.pools) {
    if (!pool.enabled || pool.kind != config::pool_kind::builtin) continue;
    for (auto& named : paths_of(spec, pool)) all.push_back(std::move(named));
  }
  std::vector<file_conflict> out;
  for (auto writer = all.begin(); writer != all.end(); ++writer) {
    if (writer->rule->use != path_use::writes) continue;
    for (auto other = all.begin(); other != all.end(); ++other) {
      // Of two writers the later one is told.
      const bool is_told = other->rule->use == path_use::reads ||
                           (other->rule->use == path_use::writes && other < writer);
      if (!is_told || !is_same_file(writer->path, other->path)) continue;
      out.push_back({writer->pool, {key_of(*writer), conflict_between(*writer, *other)}});
    }
  }
  return out;
}

} // namespace troupe::detail
