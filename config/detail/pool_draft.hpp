// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/detail/map_reader.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/config/spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::config::detail {

/// A pool that is read, but not yet checked against the channels and the other pools.
struct pool_draft {
  pool_spec spec;
  map_reader from;
  bool has_kind = false; ///< Exactly one of worker, command, shell and builtin.
  std::optional<protocol_mode> mode;
  std::optional<codec_kind> codec;
  const known_builtin* ready_made = nullptr; ///< Of kind builtin.
  bool is_stream_by_path = false;            ///< It was written as a file: `path: /dev/stdin`.
};

struct channel_draft {
  channel_spec spec;
  map_reader from;
  std::optional<delivery_mode> delivery;
};

/// Reads a whole file into `out`.
void read_troupe(context& owner, const node_ptr& root, const load_options& options,
                 troupe_spec& out);

/// Reads `from` as a pool. `is_template`: it is `defaults.pool`, from which anything may be absent.
pool_draft read_pool(const map_reader& from, const std::string& name, const std::string& directory,
                     const load_options& options, bool is_template);

channel_draft read_channel(const map_reader& from, const std::string& name,
                           const load_options& options);

/// Reads the value of `builtin:` into `out`.
void read_builtin(const value_at& from, const entry& one, const known_builtins& known,
                  pool_draft& out);

/// Checks the keys of one pool against each other.
void check_combinations(const pool_draft& pool);
/// Warns of restart limits that can never be reached.
void check_restart_limit(const pool_draft& pool);

/// Checks pools and channels against each other; decides deliveries and codecs.
void check_graph(context& owner, std::vector<channel_draft>& channels,
                 std::vector<pool_draft>& pools);

/// Reads a path or a list of paths, relative to `directory`.
std::vector<path_ref> read_paths(const map_reader& from, std::string_view key,
                                 const std::string& directory);

/// `path` below `directory`, unless it is absolute or there is no directory.
std::string resolve_path(const std::string& directory, const std::string& path);

} // namespace troupe::config::detail
