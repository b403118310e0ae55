// Part of Troupe; see LICENSE.

#include "troupe/os/folder.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

struct close_listing {
  void operator()(DIR* listing) const noexcept { ::closedir(listing); }
};
using listing_handle = std::unique_ptr<DIR, close_listing>;

entry_kind kind_of(mode_t mode) noexcept {
  if (S_ISDIR(mode)) return entry_kind::folder;
  return S_ISREG(mode) ? entry_kind::file : entry_kind::other;
}

// Some file systems do not say what a name is; then it is looked at. 0, or errno.
int find_kind(const fd& folder, const dirent& found, entry_kind& into) noexcept {
  switch (found.d_type) {
  case DT_DIR:
    into = entry_kind::folder;
    return 0;
  case DT_REG:
    into = entry_kind::file;
    return 0;
  case DT_UNKNOWN: {
    struct stat status {};
    if (::fstatat(folder.get(), found.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    into = kind_of(status.st_mode);
    return 0;
  }
  default:
    into = entry_kind::other;
    return 0;
  }
}

expected<listing_handle> begin_listing(const fd& folder) {
  // A descriptor of its own: the position of a duplicate would be shared.
  fd own{::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!own) return system_failure("cannot be read", errno);
  listing_handle listing{::fdopendir(own.get())};
  if (!listing) return system_failure("cannot be read", errno);
  static_cast<void>(own.release()); // It belongs to the listing now.
  return listing;
}

} // namespace

expected<fd> open_folder(const std::string& path) {
  fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return system_failure("cannot be opened", errno);
  return folder;
}

expected<fd> open_subfolder(const fd& parent, const std::string& name) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  fd folder{::openat(parent.get(), name.c_str(), flags)};
  if (!folder) return system_failure("cannot be opened", errno);
  return folder;
}

expected<std::vector<folder_entry>> list_folder(const fd& folder) {
  if (::faccessat(folder.get(), ".", X_OK, AT_EACCESS) != 0) {
    return system_failure("cannot be entered", errno);
  }
  auto begun = begin_listing(folder);
  if (!begun) return begun.error();
  std::vector<folder_entry> entries;
  while (true) {
    errno = 0;
    const auto* const found = ::readdir(begun->get());
    if (found == nullptr && errno != 0) return system_failure("cannot be read to its end", errno);
    if (found == nullptr) return entries;
    const std::string_view name{found->d_name};
    if (name == "." || name == "..") continue;
    folder_entry entry{std::string{name}, entry_kind::other};
    const int problem = find_kind(folder, *found, entry.kind);
    if (problem == ENOENT) continue;
    if (problem != 0) return system_failure("cannot be read to its end", problem);
    entries.push_back(std::move(entry));
  }
}

} // namespace troupe::os
