// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::actors {

/// Source: the paths of all regular files below `root`, as `find root -type f` gives them, sorted
/// by bytes. Symbolic links are not followed, except `root` itself.
///
/// A folder that cannot be read is reported on stderr and left out. The cursor is the last path,
/// so a successor goes on behind it. Files that come or go meanwhile may be seen or not.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk. Crash: nothing is changed.
/// Errors: stage_failed when `root` does not exist.
class file_tree {
public:
  explicit file_tree(const worker_config& config);
  bool produce(emitter& out);
  [[nodiscard]] const std::string& save() const { return last_; }
  void load(const std::string& last);

private:
  struct entry {
    std::string name; // A folder's name ends with '/': it is sorted as its files are.
    bool is_folder;
  };
  struct folder {
    std::string path; // Ends with '/'.
    std::vector<entry> entries;
    std::size_t next = 0;
  };

  void start();
  void enter(std::string path);
  [[nodiscard]] bool is_done(const std::string& path, bool is_folder) const;

  std::string root_;
  std::string last_; // The last path that was emitted.
  bool is_started_ = false;
  bool is_resuming_ = false; // Paths up to last_ were emitted by a predecessor.
  bool is_one_file_ = false;
  std::vector<folder> open_; // From root_ down to where we are.
  std::size_t unreadable_ = 0;
};

} // namespace troupe::actors
