// Part of Troupe; see LICENSE.

#include "troupe/actors/file_tree.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace troupe::actors {
namespace fs = std::filesystem;

file_tree::file_tree(const worker_config& config) : root_{config.text("root")} {
  if (root_.empty()) throw stage_failed{"config.root is empty; name a folder"};
  std::error_code problem;
  const auto status = fs::status(root_, problem);
  if (!fs::exists(status)) {
    throw stage_failed{"cannot read " + root_ + ": " +
                       (problem ? problem.message() : "No such file or directory") +
                       "; set 'root' to an existing folder"};
  }
  is_one_file_ = !fs::is_directory(status);
}

void file_tree::load(const std::string& last) {
  last_ = last;
  is_resuming_ = !last.empty();
}

void file_tree::start() {
  is_started_ = true;
  enter(root_.ends_with('/') ? root_ : root_ + '/');
}

bool file_tree::produce(emitter& out) {
  if (is_one_file_) {
    if (last_.empty()) out.emit(root_);
    last_ = root_;
    return false;
  }
  if (!is_started_) start();
  while (!open_.empty() && !out.is_full()) {
    auto& here = open_.back();
    if (here.next == here.entries.size()) {
      open_.pop_back();
      continue;
    }
    const auto& [name, is_folder] = here.entries[here.next++];
    auto path = here.path + name;
    if (is_done(path, is_folder)) continue;
    if (is_folder) {
      enter(std::move(path));
    } else {
      out.emit(path);
      last_ = std::move(path);
      is_resuming_ = false;
    }
  }
  if (open_.empty() && unreadable_ > 0) {
    std::fprintf(stderr, "file_tree: %zu folders below %s could not be read\n", unreadable_,
                 root_.c_str());
    unreadable_ = 0;
  }
  return !open_.empty();
}

// Whether a predecessor has emitted the file, or all that is in the folder.
bool file_tree::is_done(const std::string& path, bool is_folder) const {
  if (!is_resuming_) return false;
  return is_folder ? path < last_ && !last_.starts_with(path) : path <= last_;
}

void file_tree::enter(std::string path) {
  folder made;
  std::error_code problem;
  for (fs::directory_iterator it{path, problem}; !problem && it != fs::directory_iterator{};
       it.increment(problem)) {
    std::error_code gone; // A file that vanished meanwhile is neither.
    const auto status = it->symlink_status(gone);
    auto name = it->path().filename().string();
    if (fs::is_directory(status)) {
      made.entries.push_back({name + '/', true});
    } else if (fs::is_regular_file(status)) {
      made.entries.push_back({std::move(name), false});
    }
  }
  if (problem) {
    ++unreadable_;
    std::fprintf(stderr, "file_tree: cannot read %s: %s; its files are left out\n", path.c_str(),
                 problem.message().c_str());
  }
  std::sort(made.entries.begin(), made.entries.end(),
            [](const entry& a, const entry& b) { return a.name < b.name; });
  made.path = std::move(path);
  open_.push_back(std::move(made));
}

} // namespace troupe::actors
