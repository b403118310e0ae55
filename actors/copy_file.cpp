// Part of Troupe; see LICENSE.

#include "troupe/actors/copy_file.hpp"

#include "troupe/base/text.hpp"
#include "troupe/os/file_access.hpp"
#include "troupe/os/file_copy.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/pipeline/worker_errors.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <system_error>

namespace troupe::actors {
namespace fs = std::filesystem;
namespace {

void check(const std::error_code& problem, const std::string& what) {
  if (problem) throw std::system_error{problem, what};
}

// Removes what killed predecessors of this worker left. Those of other workers may be in use.
void remove_leftovers(const fs::path& folder, const std::string& prefix) {
  std::error_code problem;
  for (fs::directory_iterator it{folder, problem}; !problem && it != fs::directory_iterator{};
       it.increment(problem)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with(prefix)) fs::remove(it->path(), ignored);
  }
}

} // namespace

copy_file::copy_file(const worker_config& config)
    : root_{fs::path{config.text("root", ".")}.lexically_normal()}, target_{config.text("target")} {
  if (target_.empty()) throw stage_failed{"config.target is empty; name a folder"};
  if (!root_.has_filename() && root_.has_relative_path())
    root_ = root_.parent_path(); // "a/" is "a".
  std::error_code problem;
  fs::create_directories(target_, problem);
  if (!fs::is_directory(target_)) {
    throw stage_failed{"cannot make the folder " + target_.string() + ": " +
                       (problem ? problem.message() : "it is a file") + "; set another 'target'"};
  }
  const auto prefix = ".troupe-" + config.pool() + '.' + std::to_string(config.replica()) + '.';
  remove_leftovers(target_, prefix);
  // Never the same as that of a predecessor: a killed process may be at work for some moments yet.
  part_ = target_ / (prefix + std::to_string(os::this_process::pid()));
}

fs::path copy_file::relative_path(const fs::path& path) const {
  const auto clean = path.lexically_normal();
  const auto below = clean.lexically_relative(root_);
  const bool is_below = !below.empty() && *below.begin() != ".." && below != ".";
  const auto relative = is_below ? below : clean;
  const bool leaves = std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (relative.is_absolute() || leaves || !relative.has_filename()) {
    throw message_refused{path.string() + " is not below root " + root_.string()};
  }
  return relative;
}

std::string copy_file::operator()(const std::string& path) const {
  if (path.find('\0') != std::string::npos) {
    throw message_refused{"a path cannot hold a zero byte: " + text::printable(path)};
  }
  const auto relative = relative_path(path);
  const auto from = root_ / relative;
  const auto to = target_ / relative;
  const auto what = "cannot copy " + from.string() + " to " + to.string();
  if (const auto wrong = os::problem_of_regular(from.string()); !wrong.empty()) {
    throw std::runtime_error{what + ": " + wrong};
  }
  std::error_code problem;
  fs::create_directories(to.parent_path(), problem); // Others may make it at the same time.
  if (!fs::is_directory(to.parent_path())) check(problem, what);
  problem = os::copy_at_once(from, to, part_);
  if (problem == std::errc::not_supported) {
    fs::copy_file(from, part_, fs::copy_options::overwrite_existing, problem);
    if (!problem) fs::rename(part_, to, problem);
  }
  if (problem) {
    std::error_code ignored;
    fs::remove(part_, ignored);
    check(problem, what);
  }
  return relative.string();
}

} // namespace troupe::actors
