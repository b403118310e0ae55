// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_config.hpp"

#include <filesystem>
#include <string>

namespace troupe::actors {

/// Transform: the message is the path of a file; copies it into the folder `target`, where it has
/// the same path as below `root`, and gives that relative path.
///
/// A path that is not below `root` is taken as relative to it, or refused when it is absolute.
/// Content and mode are copied, owner and times are not. The copy appears whole or not at all: it
/// has no name until it is complete (os::copy_at_once).
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk.
/// Crash: nothing is left. In the few microseconds in which an existing copy is replaced, and on
/// file systems without unnamed files, a file ".troupe-POOL.REPLICA.PID" is left in `target` until
/// the worker's successor starts. Errors: a file that cannot be copied fails its message.
class copy_file {
public:
  explicit copy_file(const worker_config& config);
  std::string operator()(const std::string& path) const;

private:
  [[nodiscard]] std::filesystem::path relative_path(const std::filesystem::path& path) const;

  std::filesystem::path root_;
  std::filesystem::path target_;
  std::filesystem::path part_; // The name of a copy while it replaces another.
};

} // namespace troupe::actors
