// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/on_error.hpp"
#include "troupe/os/folder.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::actors {

/// Source: the paths of all regular files below `root`, as `find root -type f` gives them, sorted
/// by bytes. Symbolic links are not followed, except `root` itself. A path may be longer than
/// PATH_MAX, and may hold any byte but zero.
///
/// A folder that cannot be opened, entered or read to its end is an error, told with its path:
/// `on_error` says whether the pipeline fails or goes on without it. Only what is not there any
/// more when it is looked at is left out in silence: files that come or go meanwhile may be seen or
/// not. The cursor is the last path that was given or left out, so a successor goes on behind it.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk. Crash: nothing is changed.
/// Errors: stage_failed when `root` cannot be read at all, or with `on_error: stop`.
class file_tree {
public:
  /// Folders that are kept open at once; those above them are opened again when they are needed.
  static constexpr std::size_t open_folders_max = 64;

  explicit file_tree(const worker_config& config);
  bool produce(emitter& out);
  [[nodiscard]] const std::string& save() const { return last_; }
  void load(const std::string& last);

private:
  struct folder {
    std::string name; // In the folder above.
    std::string path; // Ends with '/'.
    os::fd handle;    // Empty: not open now.
    std::vector<os::folder_entry>
        entries; // A folder's name ends with '/', to be sorted as its files.
    std::size_t next = 0;
  };

  void start();
  void enter(const std::string& name, emitter& out);
  expected<void> open_here();
  void push(folder made);
  void leave_out(const std::string& path, const std::string& why, emitter& out);
  [[nodiscard]] bool is_done(const std::string& path, bool is_folder) const;

  std::string root_;
  on_error_rule rule_;
  std::string last_; // The last path that was given or left out.
  bool is_started_ = false;
  bool is_resuming_ = false; // Paths up to last_ were given by a predecessor.
  bool is_one_file_ = false;
  std::vector<folder> open_; // From root_ down to where we are.
};

} // namespace troupe::actors
