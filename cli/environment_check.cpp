// Part of Troupe; see LICENSE.

#include "troupe/cli/environment_check.hpp"

#include "troupe/base/text.hpp"
#include "troupe/cli/builtin_paths.hpp"
#include "troupe/config/env_file.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/config/variables.hpp"
#include "troupe/os/cpu_count.hpp"
#include "troupe/os/executable.hpp"
#include "troupe/os/file_access.hpp"
#include "troupe/os/limits.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using config::pool_spec;
using config::problem;

constexpr auto path_by_default = "/usr/local/bin:/usr/bin:/bin";
// Of a pool with very many workers, the first ones show what is wrong with all.
constexpr std::uint32_t replicas_looked_at_max = 256;

std::string quoted(const std::string& text) {
  return "'" + text::printable(text) + "'";
}

std::string problem_of_folder(const std::string& path) {
  std::error_code problem;
  const auto what = fs::status(path, problem);
  if (!fs::exists(what)) {
    return "folder " + quoted(path) + " does not exist; make it, or correct the path";
  }
  if (!fs::is_directory(what)) return quoted(path) + " is not a folder";
  if (!os::may_execute(path)) return "no right to enter the folder " + quoted(path);
  return {};
}

/// Looks at one configuration, finding after finding.
class checker {
public:
  explicit checker(const config::troupe_spec& spec) : spec_{spec} {}

  std::vector<config::diagnostic> check() {
    for (const auto& file : spec_.env_files) check_env_file("env_file", file);
    for (const auto& pool : spec_.pools) {
      if (pool.enabled) check_pool(pool);
    }
    for (const auto& channel : spec_.channels) {
      if (channel.external) check_external(channel);
    }
    config::sort_by_position(findings_);
    return std::move(findings_);
  }

private:
  void add(problem code, config::location at, const std::string& path, const std::string& message) {
    if (!said_.insert({at.line, at.column, message}).second) return; // Once for all replicas.
    findings_.push_back(config::make_diagnostic(spec_, code, at, path, message));
  }

  void add(problem code, const pool_spec& pool, const std::string& key,
           const std::string& message) {
    add(code, config::position_of(pool, key), "pools." + pool.name + "." + key, message);
  }

  void check_pool(const pool_spec& pool) {
    for (const auto& file : pool.env_files) {
      check_env_file("pools." + pool.name + ".env_file", file);
    }
    for (const auto& limit : pool.limits) check_limit(pool, limit);
    const auto replicas = pool.replicas.value_or(os::usable_cpu_count());
    for (std::uint32_t i = 0; i < std::min(replicas, replicas_looked_at_max); ++i) {
      check_replica(pool, i);
    }
    if (pool.kind == config::pool_kind::worker) check_worker(pool);
    if (pool.kind == config::pool_kind::builtin) check_builtin(pool);
  }

  // Nobody outside the file reaches its channels here: the run would wait for ever.
  void check_external(const config::channel_spec& channel) {
    const auto is_end_of = [&](const std::vector<config::channel_ref>& list) {
      return std::any_of(list.begin(), list.end(),
                         [&](const auto& one) { return one.name == channel.name; });
    };
    bool is_written = false;
    bool is_read = false;
    for (const auto& pool : spec_.pools) {
      if (!pool.enabled) continue;
      // Dead letters need no reader, here as elsewhere.
      if (pool.dead_letter && pool.dead_letter->name == channel.name) return;
      is_written = is_written || is_end_of(pool.outputs);
      is_read = is_read || is_end_of(pool.inputs);
    }
    if (is_written && is_read) return;
    add(problem::dangling_channel, channel.at, "channels." + channel.name,
        std::string{"no pool "} + (is_written ? "reads" : "writes") +
            " it, and with 'troupe run' no program around it does; a channel with 'external: "
            "true' is for files that a program of yours loads");
  }

  void check_env_file(const std::string& path, const config::path_ref& file) {
    const auto read = config::read_env_file(file.path);
    // What is wrong inside was told by `check_env_files`.
    if (read || read.error().code == errc::bad_data) return;
    add(problem::environment, file.at, path, read.error().message);
  }

  void check_limit(const pool_spec& pool, const config::limit_spec& limit) {
    const auto allowed = os::hard_limit(limit.value.resource);
    if (limit.value.hard <= allowed || os::may_exceed_limits()) return;
    add(problem::permission, limit.at, "pools." + pool.name + ".limits." + limit.name,
        "no right to raise the limit above " + std::to_string(allowed) +
            ", the hard limit of this process; ask for less, or raise it first (ulimit -H)");
  }

  void check_replica(const pool_spec& pool, std::uint32_t replica) {
    const std::map<std::string, std::string> names = {
        {"TROUPE_NAME", spec_.name},
        {"TROUPE_POOL", pool.name},
        {"TROUPE_REPLICA", std::to_string(replica)},
        {"TROUPE_REPLICAS", std::to_string(pool.replicas.value_or(os::usable_cpu_count()))},
        {"TROUPE_GENERATION", "0"}};
    auto folder = spec_.directory;
    if (pool.working_dir) {
      folder = config::expand_for_worker(pool.working_dir->path, names);
      if (const auto wrong = problem_of_folder(folder); !wrong.empty()) {
        return add(problem::environment, pool, "working_dir", wrong);
      }
    }
    if (pool.kind != config::pool_kind::command || pool.command.empty()) return;
    const auto program = config::expand_for_worker(pool.command.front(), names);
    if (const auto wrong = problem_of_command(pool, program, folder); !wrong.empty()) {
      add(problem::environment, pool, "command", wrong);
    }
  }

  // As the worker will do: after entering its folder, with its own PATH.
  std::string problem_of_command(const pool_spec& pool, const std::string& program,
                                 const std::string& folder) const {
    if (program.empty()) return "the name of the program is empty";
    const auto in_folder = [&](const std::string& path) {
      return folder.empty() ? path : (fs::path{folder} / path).string();
    };
    if (program.find('/') != std::string::npos)
      return os::problem_of_executable(in_folder(program));
    const auto list = search_path_of(pool);
    std::istringstream places{list};
    std::string nearly; // Found but not executable: says more than "not found".
    for (std::string place; std::getline(places, place, ':');) {
      const auto path = in_folder((place.empty() ? std::string{"."} : place) + "/" + program);
      auto wrong = os::problem_of_executable(path);
      if (wrong.empty()) return {};
      std::error_code ignored;
      if (nearly.empty() && fs::exists(path, ignored)) nearly = std::move(wrong);
    }
    if (!nearly.empty()) return nearly;
    return "cannot run " + quoted(program) + ": not found in PATH (" + text::printable(list, 1000) +
           ")";
  }

  std::string search_path_of(const pool_spec& pool) const {
    std::optional<std::string> found;
    if (const char* own = std::getenv("PATH"); own != nullptr && !pool.clear_env) found = own;
    const auto take = [&](const auto& values) {
      for (const auto& [key, value] : values) {
        if (key == "PATH") found = value;
      }
    };
    const auto take_files = [&](const std::vector<config::path_ref>& files) {
      for (const auto& file : files) {
        if (const auto read = config::read_env_file(file.path)) take(expected{read}.value());
      }
    };
    take_files(spec_.env_files);
    take(spec_.env);
    take_files(pool.env_files);
    take(pool.env);
    return found.value_or(path_by_default);
  }

  void check_worker(const pool_spec& pool) {
    if (pool.module) {
      // What is inside is for the workers to see: a host never loads a user's library.
      std::error_code ignored;
      if (!fs::is_regular_file(pool.module->path, ignored)) {
        add(problem::environment, pool, "module",
            "there is no library " + quoted(pool.module->path) + "; build it, or correct the path");
      } else if (!os::may_read(pool.module->path)) {
        add(problem::environment, pool, "module",
            "no right to read the library " + quoted(pool.module->path));
      }
      return;
    }
    if (find_worker(worker_list(), pool.worker) != nullptr) return;
    std::vector<std::string_view> known;
    for (const auto* one = worker_list(); one != nullptr; one = one->next) {
      known.emplace_back(one->name);
    }
    const auto near = text::nearest(pool.worker, known);
    add(problem::unknown_reference, pool, "worker",
        "this program has no worker type " + quoted(pool.worker) + "; " +
            (near.empty() ? "name the library that has it with 'module:', or run the file with the "
                            "program that registers it (TROUPE_WORKER)"
                          : "did you mean '" + std::string{near} + "'?"));
  }

  void check_builtin(const pool_spec& pool) {
    for (const auto& [key, message] : builtin_path_problems(spec_, pool)) {
      add(problem::environment, pool, key, message);
    }
  }

  const config::troupe_spec& spec_;
  std::vector<config::diagnostic> findings_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::string>> said_;
};

} // namespace

std::vector<config::diagnostic> check_environment(const config::troupe_spec& spec) {
  return checker{spec}.check();
}

} // namespace troupe::cli
