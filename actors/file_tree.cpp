// Part of Troupe; see LICENSE.

#include "troupe/actors/file_tree.hpp"

#include "troupe/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace troupe::actors {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t shown_path_bytes_max = 512;

std::string shown(const std::string& path) {
  return "'" + text::printable(path, shown_path_bytes_max) + "'";
}

[[noreturn]] void refuse_root(const std::string& root, const std::string& why) {
  throw stage_failed{"cannot read " + shown(root) + ": " + why +
                     "; set 'root' to a folder that can be read"};
}

// Gone, or something else by now: a file that comes or goes may be seen or not.
bool has_vanished(const failure& problem) {
  return problem.os_error == ENOENT || problem.os_error == ENOTDIR || problem.os_error == ELOOP;
}

std::vector<os::folder_entry> sorted(std::vector<os::folder_entry> entries) {
  std::erase_if(entries, [](const auto& each) { return each.kind == os::entry_kind::other; });
  for (auto& each : entries) {
    if (each.kind == os::entry_kind::folder) each.name += '/';
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

} // namespace

file_tree::file_tree(const worker_config& config) : root_{config.text("root")}, rule_{config} {
  if (root_.empty()) throw stage_failed{"config.root is empty; name a folder"};
  std::error_code problem;
  const auto status = fs::status(root_, problem);
  if (!fs::exists(status)) {
    refuse_root(root_, problem ? problem.message() : "No such file or directory");
  }
  is_one_file_ = fs::is_regular_file(status);
  if (!is_one_file_ && !fs::is_directory(status)) {
    refuse_root(root_, "it is neither a folder nor a regular file");
  }
}

void file_tree::load(const std::string& last) {
  last_ = last;
  is_resuming_ = !last.empty();
}

void file_tree::start() {
  is_started_ = true;
  auto handle = os::open_folder(root_);
  if (!handle) refuse_root(root_, handle.error().message);
  auto entries = os::list_folder(*handle);
  if (!entries) refuse_root(root_, entries.error().message);
  push({.name = {},
        .path = root_.ends_with('/') ? root_ : root_ + '/',
        .handle = *std::move(handle),
        .entries = sorted(*std::move(entries))});
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
    const auto entry = here.entries[here.next++];
    const bool is_folder = entry.kind == os::entry_kind::folder;
    auto path = here.path + entry.name;
    if (is_done(path, is_folder)) continue;
    if (is_folder) {
      enter(entry.name, out);
    } else {
      out.emit(path);
      last_ = std::move(path);
      is_resuming_ = false;
    }
  }
  return !open_.empty();
}

// Whether a predecessor has given the file, or all that is in the folder, or has left it out.
bool file_tree::is_done(const std::string& path, bool is_folder) const {
  if (!is_resuming_) return false;
  const bool is_inside = is_folder && last_ != path && last_.starts_with(path);
  return path <= last_ && !is_inside;
}

// `name` is one of the entries of the last open folder, with its slash.
void file_tree::enter(const std::string& name, emitter& out) {
  const auto path = open_.back().path + name;
  if (auto done = open_here(); !done) {
    if (!has_vanished(done.error())) leave_out(path, done.error().message, out);
    return;
  }
  const auto plain_name = name.substr(0, name.size() - 1);
  auto handle = os::open_subfolder(open_.back().handle, plain_name);
  if (!handle) {
    if (!has_vanished(handle.error())) leave_out(path, handle.error().message, out);
    return;
  }
  auto entries = os::list_folder(*handle);
  if (!entries) {
    if (!has_vanished(entries.error())) leave_out(path, entries.error().message, out);
    return;
  }
  push({.name = plain_name,
        .path = path,
        .handle = *std::move(handle),
        .entries = sorted(*std::move(entries))});
}

// Opens the last folder again, if it was closed to save descriptors: from the root, step by step.
expected<void> file_tree::open_here() {
  if (open_.back().handle) return {};
  auto at = os::open_folder(root_);
  for (std::size_t i = 1; i < open_.size() && at; ++i) {
    at = os::open_subfolder(*at, open_[i].name);
  }
  if (!at) return at.error();
  open_.back().handle = *std::move(at);
  return {};
}

void file_tree::push(folder made) {
  if (open_.size() >= open_folders_max) open_[open_.size() - open_folders_max].handle.reset();
  open_.push_back(std::move(made));
}

void file_tree::leave_out(const std::string& path, const std::string& why, emitter& out) {
  rule_.apply(path, "the folder " + shown(path) + ' ' + why, out);
  last_ = path;
  is_resuming_ = false;
}

} // namespace troupe::actors
