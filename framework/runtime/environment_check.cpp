// Part of Troupe; see LICENSE.

#include "troupe/runtime/environment_check.hpp"

#include "troupe/base/text.hpp"
#include "troupe/base/worker_text.hpp"
#include "troupe/config/env_file.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/os/cpu_count.hpp"
#include "troupe/os/executable.hpp"
#include "troupe/os/file_access.hpp"
#include "troupe/os/limits.hpp"
#include "troupe/pipeline/module.hpp"
#include "troupe/pipeline/worker_list.hpp"
#include "troupe/runtime/detail/builtin_paths.hpp"
#include "troupe/runtime/module_look.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

namespace troupe {

namespace {

namespace fs = std::filesystem;
using config::pool_spec;
using config::problem;

constexpr auto path_by_default = "/usr/local/bin:/usr/bin:/bin";
// Of a pool with very many workers, the first ones show what is wrong with all.
constexpr std::uint32_t replicas_looked_at_max = 256;
constexpr auto module_look_max = std::chrono::seconds{10}; // To load it and answer.
constexpr std::size_t message_bytes_max = 1000;

std::string in_quotes(const std::string& text) {
  return "'" + text::printable(text) + "'";
}

std::string problem_of_folder(const std::string& path) {
  std::error_code problem;
  const auto what = fs::status(path, problem);
  if (!fs::exists(what)) {
    return "folder " + in_quotes(path) + " does not exist; make it, or correct the path";
  }
  if (!fs::is_directory(what)) return in_quotes(path) + " is not a folder";
  if (!os::may_execute(path)) return "no right to enter the folder " + in_quotes(path);
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
    check_channel_types();
    for (const auto& [pool, wrong] : detail::builtin_file_conflicts(spec_)) {
      add(problem::environment, *pool, wrong.key, wrong.message);
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
      folder = text::expand_for_worker(pool.working_dir->path, names);
      if (const auto wrong = problem_of_folder(folder); !wrong.empty()) {
        return add(problem::environment, pool, "working_dir", wrong);
      }
    }
    if (pool.kind != config::pool_kind::command || pool.command.empty()) return;
    const auto program = text::expand_for_worker(pool.command.front(), names);
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
    return "cannot run " + in_quotes(program) + ": not found in PATH (" +
           text::printable(list, 1000) + ")";
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
    if (!pool.module) return check_worker_in(pool, pipeline::describe(worker_list()), {});
    const auto& path = pool.module->path;
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) {
      return add(problem::environment, pool, "module", why_no_library(path));
    }
    if (!os::may_read(path)) {
      return add(problem::environment, pool, "module",
                 "no right to read the library " + in_quotes(path));
    }
    auto known = modules_.find(path);
    if (known == modules_.end()) {
      known =
          modules_.emplace(path, look_into_module(path, deadline::after(module_look_max))).first;
    }
    if (!known->second) {
      return add(problem::environment, pool, "module",
                 text::printable(known->second.error().message, message_bytes_max));
    }
    check_worker_in(pool, *known->second, path);
  }

  static std::string why_no_library(const std::string& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      return in_quotes(path) + " is a folder; name the library (the .so file) in it";
    }
    if (fs::exists(path, ignored)) {
      return in_quotes(path) + " is no regular file; name the library (the .so file)";
    }
    return "there is no library " + in_quotes(path) + "; build it, or correct the path";
  }

  // `module` is empty for the worker types of this program.
  void check_worker_in(const pool_spec& pool,
                       const std::vector<pipeline::worker_description>& workers,
                       const std::string& module) {
    const auto found = std::find_if(workers.begin(), workers.end(),
                                    [&](const auto& one) { return one.name == pool.worker; });
    if (found != workers.end()) {
      check_role(pool, found->role);
      check_types(pool, pool.inputs, found->input_type, "input");
      check_types(pool, pool.outputs, found->output_type, "output");
      return;
    }
    std::vector<std::string_view> names;
    for (const auto& one : workers) names.emplace_back(one.name);
    const auto near = text::nearest(pool.worker, names);
    const auto where = module.empty() ? std::string{"this program"} : "module " + in_quotes(module);
    auto message = where + " has no worker type " + in_quotes(pool.worker);
    if (!near.empty()) {
      message += "; did you mean '" + std::string{near} + "'?";
    } else if (module.empty()) {
      message += "; name the library that has it with 'module:', or run the file with the program "
                 "that registers it (TROUPE_WORKER)";
    }
    if (!module.empty()) message += (near.empty() ? "; it has: " : " It has: ") + listed(names);
    add(problem::unknown_reference, pool, "worker", message);
  }

  void check_role(const pool_spec& pool, worker_role role) {
    const auto refuse = [&](const char* key, const std::string& advice) {
      add(problem::bad_combination, pool, key,
          "worker " + in_quotes(pool.worker) + " is a " + std::string{to_string(role)} + "; " +
              advice);
    };
    const bool is_source = role == worker_role::source;
    if (is_source && !pool.inputs.empty()) refuse("input", "remove the pool's input");
    if (!is_source && pool.inputs.empty()) refuse("input", "name the channel that it reads");
    if (is_source && pool.outputs.empty()) refuse("output", "name the channel that it writes");
    if (role == worker_role::sink && !pool.outputs.empty()) {
      refuse("output", "remove the pool's output");
    }
  }

  static std::string listed(std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    std::string out;
    for (const auto name : names) out.append(out.empty() ? "" : ", ").append(name);
    return text::printable(out, message_bytes_max);
  }

  // What the loader could not know: types that only the modules have.
  void check_channel_types() {
    std::set<std::string> known{"bytes", "string", "json"};
    const auto take = [&](const std::vector<pipeline::worker_description>& workers) {
      for (const auto& one : workers) known.insert({one.input_type, one.output_type});
    };
    take(pipeline::describe(worker_list()));
    for (const auto& [path, workers] : modules_) {
      if (!workers) return; // It could have any.
      take(*workers);
    }
    known.erase("");
    const std::vector<std::string_view> names{known.begin(), known.end()};
    for (const auto& channel : spec_.channels) {
      if (known.contains(channel.type)) continue;
      const auto near = text::nearest(channel.type, names);
      add(problem::unknown_reference, channel.at, "channels." + channel.name + ".type",
          "no message type is called " + in_quotes(channel.type) +
              (near.empty() ? "; there are " + listed(names)
                            : "; did you mean '" + std::string{near} + "'?"));
    }
  }

  // Text and bytes go with every worker; a type of the user's only with itself.
  void check_types(const pool_spec& pool, const std::vector<config::channel_ref>& channels,
                   const std::string& type, const char* key) {
    const auto is_general = [](const std::string& name) {
      return name.empty() || name == "bytes" || name == "string" || name == "json";
    };
    for (const auto& ref : channels) {
      const auto* const channel = config::find_channel(spec_, ref.name);
      if (channel == nullptr || is_general(channel->type) || channel->type == type) continue;
      const auto path = "pools." + pool.name + "." + key;
      add(problem::type_mismatch, ref.at, path,
          "channel " + in_quotes(ref.name) + " carries " + in_quotes(channel->type) +
              ", but worker " + in_quotes(pool.worker) +
              (key == std::string_view{"input"} ? " reads " : " writes ") + in_quotes(type));
    }
  }

  void check_builtin(const pool_spec& pool) {
    for (const auto& [key, message] : detail::builtin_path_problems(spec_, pool)) {
      add(problem::environment, pool, key, message);
    }
  }

  const config::troupe_spec& spec_;
  std::map<std::string, expected<std::vector<pipeline::worker_description>>> modules_; // By path.
  std::vector<config::diagnostic> findings_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::string>> said_;
};

} // namespace

std::vector<config::diagnostic> check_environment(const config::troupe_spec& spec) {
  return checker{spec}.check();
}

} // namespace troupe
