// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <string>
#include <vector>

/// Folders by descriptor, so that no path is too long and nobody can move one away underneath.
namespace troupe::os {

enum class entry_kind { file, folder, other };

/// One name in a folder. Symbolic links are `other`: they are not followed.
struct folder_entry {
  std::string name;
  entry_kind kind = entry_kind::other;
};

/// Opens a folder by a path; a link at its end is followed.
[[nodiscard]] expected<fd> open_folder(const std::string& path);
/// Opens the folder `name` of `parent`; a link is a failure (ENOTDIR or ELOOP).
[[nodiscard]] expected<fd> open_subfolder(const fd& parent, const std::string& name);
/// Lists a folder without "." and "..", unsorted. One that may not be entered is a failure, since
/// nothing in it can be used. What vanishes meanwhile is left out.
[[nodiscard]] expected<std::vector<folder_entry>> list_folder(const fd& folder);

} // namespace troupe::os
