// Part of Troupe; see LICENSE.

#include "troupe/config/detail/hints.hpp"
#include "troupe/config/detail/pool_draft.hpp"
#include "troupe/config/units.hpp"

#include <algorithm>
#include <filesystem>

namespace troupe::config::detail {

namespace {

constexpr std::size_t named_things_max = 1000; // Pools of one file; channels of one file.

/// Reads one file from the top.
class file_reader {
public:
  file_reader(context& owner, const load_options& options, troupe_spec& out)
      : owner_{owner}, options_{options}, out_{out} {}

  void read(const node_ptr& root) {
    if (root->what != node::kind::map) {
      owner_.error(problem::wrong_type, root->at, "",
                   "expected a map of keys such as version and pools, got " + describe(*root));
      return;
    }
    const map_reader top{owner_, *root, section::top, "", {.line = 1, .column = 1}};
    declare_vars(top);
    read_identity(top);
    read_root(top);
    note_modules(*root);
    read_defaults(top);
    read_channels(top);
    read_pools(top);
    check_graph(owner_, channels_, pools_);
    finish(top);
  }

private:
  void declare_vars(const map_reader& top) {
    const auto found = top.value("vars");
    if (!found) return;
    if (found->value.what != node::kind::map) return found->wrong_type();
    for (const auto& one : found->value.entries) {
      const auto path = "vars." + shown(one.key);
      const bool is_text = one.value->what == node::kind::scalar || !one.value->text.empty();
      if (!is_variable_name(one.key) || one.key.starts_with("TROUPE_")) {
        owner_.error(
            problem::out_of_range, one.at, path,
            "not a name for a variable; use letters, digits and _, no digit first, not TROUPE_");
      } else if (!is_text) {
        owner_.error(problem::wrong_type, one.at, path,
                     "expected text, got " + describe(*one.value));
      } else {
        owner_.vars().declare(one.key, one.value->text, one.value->at);
      }
    }
    for (const auto& one : found->value.entries) {
      if (!is_variable_name(one.key) || one.key.starts_with("TROUPE_")) continue;
      const auto names = owner_.vars().declared_names();
      if (!std::binary_search(names.begin(), names.end(), one.key)) continue;
      owner_.report(owner_.vars().expand_declared(one.key), one.value->at, "vars." + one.key);
      out_.vars[one.key] = owner_.vars().value_of(one.key).value_or("");
    }
  }

  // Channels are read first, and pools say where their types come from.
  void note_modules(const node& root) {
    const auto inner = [](const node& map, std::string_view key) -> const node* {
      const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                      [&](const entry& one) { return one.key == key; });
      return found == map.entries.end() ? nullptr : found->value.get();
    };
    const auto note = [&](const node* pool) {
      if (pool != nullptr && inner(*pool, "module") != nullptr) owner_.note_modules();
    };
    if (const auto* const defaults = inner(root, "defaults")) note(inner(*defaults, "pool"));
    if (const auto* const pools = inner(root, "pools")) {
      for (const auto& one : pools->entries) note(one.value.get());
    }
  }

  void read_identity(const map_reader& top) {
    if (!top.has("version")) {
      owner_.error(problem::missing_key, {.line = 1, .column = 1}, "version",
                   "required; begin the file with 'version: 1'");
    } else if (const auto found = top.value("version")) {
      key_row any_version{.in = section::top, .name = "version", .type = value_type::integer};
      const auto version = read_integer({owner_, found->value, found->path, any_version});
      if (version && *version != 1) {
        found->error(problem::out_of_range,
                     "this build reads version 1, got " + std::to_string(*version));
      }
    }
    out_.name = name_from(
        std::filesystem::path{out_.file == stdin_name ? "troupe" : out_.file}.stem().string());
    if (const auto found = top.value("name")) {
      top.text("name", out_.name);
      if (const auto is_name = check_name(out_.name); !is_name) {
        found->error(problem::out_of_range, is_name.error().message);
      }
    }
    top.text("description", out_.description);
  }

  void read_root(const map_reader& top) {
    out_.env = top.text_map("env", expansion_time::spawn);
    out_.env_files = read_paths(top, "env_file", out_.directory);
    if (const auto control = top.map("control")) read_control(*control);
    if (const auto shutdown = top.map("shutdown")) shutdown->time("timeout", out_.shutdown_timeout);
  }

  void read_control(const map_reader& from) {
    if (const auto found = from.value("socket")) {
      if (const auto path = read_text(*found)) {
        out_.control.socket =
            path_ref{resolve_path(found->base(out_.directory), *path), found->value.at};
      }
    }
    if (from.has("enabled")) {
      bool is_enabled = true;
      from.boolean("enabled", is_enabled);
      out_.control.enabled = is_enabled;
    }
    if (const auto found = from.value("mode")) {
      const auto text = read_text(*found);
      if (!text) return;
      const bool is_octal = text->size() >= 3 && text->size() <= 4 &&
                            text->find_first_not_of("01234567") == std::string::npos;
      if (is_octal && std::stoul(*text, nullptr, 8) <= 0777) {
        out_.control.mode = static_cast<std::uint32_t>(std::stoul(*text, nullptr, 8));
      } else {
        found->error(problem::out_of_range,
                     "must be octal permissions such as \"0600\", got " + in_quotes(*text));
      }
    }
  }

  void read_defaults(const map_reader& top) {
    const auto defaults = top.map("defaults");
    if (!defaults) return;
    if (const auto pool = defaults->map("pool")) {
      pool_defaults_ = defaults->find("pool")->value;
      static_cast<void>(read_pool(*pool, "defaults", out_.directory, options_, true));
    }
    if (const auto channel = defaults->map("channel")) {
      channel_defaults_ = defaults->find("channel")->value;
      static_cast<void>(read_channel(*channel, "defaults", options_));
    }
  }

  /// Calls `use(name, reader)` for each named map below `key`, laid over `defaults`.
  template<class F>
  void for_each_named(const map_reader& top, std::string_view key, section in,
                      const node_ptr& defaults, F use) {
    const auto found = top.value(key);
    if (!found) return;
    if (found->value.what != node::kind::map) return found->wrong_type();
    if (found->value.entries.size() > named_things_max) {
      return top.error(key, problem::out_of_range,
                       "at most " + std::to_string(named_things_max) + " are allowed");
    }
    for (const auto& one : found->value.entries) {
      const auto path = found->path + '.' + shown(one.key);
      if (one.key.starts_with("x-")) continue;
      // Read all the same: what else is wrong inside is told in the same run.
      if (const auto is_name = check_name(one.key); !is_name) {
        owner_.error(problem::out_of_range, one.at, path, is_name.error().message);
      }
      static const auto empty_map = make_empty_map();
      const bool is_bare =
          one.value->what == node::kind::null && key == "channels"; // All defaults.
      const auto& own = is_bare ? empty_map : one.value;
      if (own->what != node::kind::map) {
        owner_.error(problem::wrong_type, place_of(one), path,
                     "expected a map, got " + describe(*one.value));
        continue;
      }
      kept_.push_back(defaults ? merge(defaults, own) : own);
      use(one.key, map_reader{owner_, *kept_.back(), in, path, one.at});
    }
  }

  static node_ptr make_empty_map() {
    auto out = std::make_shared<node>();
    out->what = node::kind::map;
    return out;
  }

  void read_channels(const map_reader& top) {
    for_each_named(top, "channels", section::channel, channel_defaults_,
                   [&](const std::string& name, const map_reader& from) {
                     channels_.push_back(read_channel(from, name, options_));
                   });
  }

  void read_pools(const map_reader& top) {
    for_each_named(top, "pools", section::pool, pool_defaults_,
                   [&](const std::string& name, const map_reader& from) {
                     pools_.push_back(read_pool(from, name, out_.directory, options_, false));
                     check_combinations(pools_.back());
                     check_restart_limit(pools_.back());
                   });
    const auto* const found = top.find("pools");
    if (found == nullptr) {
      owner_.error(problem::missing_key, top.at(), "pools",
                   "required; a troupe has at least one pool");
    } else if (found->value->what == node::kind::map && found->value->entries.empty()) {
      top.error("pools", problem::missing_key, "a troupe has at least one pool");
    }
  }

  void finish(const map_reader& top) {
    for (const auto& name : owner_.vars().unused_set()) {
      const auto names = owner_.vars().declared_names();
      owner_.error(problem::undefined_variable, top.at(), "vars." + shown(name),
                   "set from outside, but the file neither declares nor uses it" +
                       did_you_mean(name, {names.begin(), names.end()}));
    }
    for (auto& one : channels_) out_.channels.push_back(std::move(one.spec));
    for (auto& one : pools_) out_.pools.push_back(std::move(one.spec));
  }

  context& owner_;
  const load_options& options_;
  troupe_spec& out_;
  node_ptr pool_defaults_;
  node_ptr channel_defaults_;
  std::vector<node_ptr> kept_; // The merged maps that readers point into.
  std::vector<channel_draft> channels_;
  std::vector<pool_draft> pools_;
};

} // namespace

void read_troupe(context& owner, const node_ptr& root, const load_options& options,
                 troupe_spec& out) {
  file_reader{owner, options, out}.read(root);
}

} // namespace troupe::config::detail
