// Part of Troupe; see LICENSE.

#include "troupe/actors/lines_to_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace troupe::actors {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

std::string advice(int problem) {
  switch (problem) {
  case ENOENT:
    return "make its folder first";
  case ENOSPC:
  case EDQUOT:
    return "free some space and run again";
  case EACCES:
  case EPERM:
  case EROFS:
    return "set 'path' to a place you may write to";
  case EISDIR:
    return "set 'path' to a file";
  default:
    return "see 'path'";
  }
}

} // namespace

void lines_to_file::fail(const std::string& doing, int problem) const {
  throw stage_failed{"cannot " + doing + ' ' + path_ + ": " +
                     std::generic_category().message(problem) + "; " + advice(problem)};
}

lines_to_file::lines_to_file(const worker_config& config)
    : path_{config.text("path")}, line_feeds_{config} {
  if (config.is_resumed()) return; // `load` says how long the file has to be.
  std::error_code problem;
  const auto status = fs::status(path_, problem);
  is_regular_ = !fs::exists(status) || fs::is_regular_file(status);
  const bool keeps = config.flag("append", false);
  if (fs::is_regular_file(status) && !keeps) {
    fs::resize_file(path_, 0, problem);
    if (problem) fail("empty", problem.value());
  }
  open();
  if (is_regular_) length_ = fs::file_size(path_);
}

void lines_to_file::open() {
  file_.reset(std::fopen(path_.c_str(), "abe"));
  if (!file_) fail("open", errno);
  std::setvbuf(file_.get(), nullptr, _IONBF, 0); // buffer_ does that.
}

void lines_to_file::load(const std::uint64_t& length) {
  std::error_code problem;
  is_regular_ = fs::is_regular_file(path_, problem);
  length_ = length;
  if (is_regular_) {
    const auto found = fs::file_size(path_, problem);
    if (problem) fail("go on with", problem.value());
    if (found < length) {
      throw stage_failed{
          path_ + " has " + std::to_string(found) + " bytes, but " + std::to_string(length) +
          " were committed: something else has changed it; run again from the start"};
    }
    fs::resize_file(path_, length, problem);
    if (problem) fail("cut", problem.value());
  } else if (!fs::exists(path_, problem)) {
    fail("go on with", ENOENT); // It was there; a new one would lack the beginning.
  }
  open();
}

void lines_to_file::write(std::string_view line) {
  const auto before = buffer_.size();
  line_feeds_.append(line, buffer_);
  length_ += buffer_.size() - before;
  // What cannot be cut is written only when the whole batch has been taken.
  if (is_regular_ && buffer_.size() >= buffer_bytes) flush();
}

void lines_to_file::flush() {
  if (buffer_.empty()) return;
  const auto written = std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get());
  if (written != buffer_.size()) fail("write to", errno);
  buffer_.clear();
}

std::uint64_t lines_to_file::save() {
  flush();
  return length_;
}

} // namespace troupe::actors
