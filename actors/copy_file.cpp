// Part of Troupe; see LICENSE.

#include "troupe/actors/copy_file.hpp"

#include "troupe/pipeline/worker_errors.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>

namespace troupe::actors {
namespace fs = std::filesystem;
namespace {

void check(const std::error_code& problem, const std::string& what) {
  if (problem) throw std::system_error{problem, what};
}

// The same for every attempt, so that what a killed worker left is overwritten; and never too long
// for a file name.
fs::path temporary_name(const fs::path& final_path) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : final_path.filename().native()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return final_path.parent_path() / (".troupe-" + std::to_string(hash));
}

} // namespace

copy_file::copy_file(const worker_config& config)
    : root_{fs::path{config.text("root", ".")}.lexically_normal()}, target_{config.text("target")} {
  if (target_.empty()) throw stage_failed{"config.target is empty; name a folder"};
  if (!root_.has_filename() && root_.has_relative_path()) root_ = root_.parent_path(); // "a/" is "a".
  std::error_code problem;
  fs::create_directories(target_, problem);
  if (!fs::is_directory(target_)) {
    throw stage_failed{"cannot make the folder " + target_.string() + ": " +
                       (problem ? problem.message() : "it is a file") + "; set another 'target'"};
  }
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
  const auto relative = relative_path(path);
  const auto from = root_ / relative;
  const auto to = target_ / relative;
  const auto what = "cannot copy " + from.string() + " to " + to.string();
  std::error_code problem;
  fs::create_directories(to.parent_path(), problem); // Others may make it at the same time.
  if (!fs::is_directory(to.parent_path())) check(problem, what);
  const auto part = temporary_name(to);
  fs::remove(part, problem); // Left by a killed worker, maybe without the right to write.
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, problem);
  if (problem) {
    std::error_code ignored;
    fs::remove(part, ignored);
    check(problem, what);
  }
  fs::rename(part, to, problem);
  check(problem, what);
  return relative.string();
}

} // namespace troupe::actors
