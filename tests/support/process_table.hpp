// Part of Troupe; see LICENSE.

#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <unistd.h>

namespace troupe::test {

/// Numbers and targets of this process's open descriptors.
inline std::vector<std::string> open_descriptors() {
  std::vector<std::string> out;
  DIR* list = ::opendir("/proc/self/fd");
  while (const auto* entry = ::readdir(list)) {
    if (entry->d_name[0] == '.' || std::stoi(entry->d_name) == ::dirfd(list)) continue;
    char target[256] = {};
    const auto path = std::string{"/proc/self/fd/"} + entry->d_name;
    static_cast<void>(!::readlink(path.c_str(), target, sizeof target - 1));
    out.push_back(std::string{entry->d_name} + " " + target);
  }
  ::closedir(list);
  std::sort(out.begin(), out.end());
  return out;
}

/// Pids of a process's children, zombies too.
inline std::vector<int> children_of(int pid) {
  std::vector<int> out;
  const auto tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator{tasks}) {
    std::ifstream list{task.path() / "children"};
    for (int child = 0; list >> child;) out.push_back(child);
  }
  return out;
}

/// True while the process exists and is no zombie.
inline bool is_alive(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  if (!std::getline(file, text)) return false;
  const auto end_of_name = text.rfind(')');
  return end_of_name != std::string::npos && text.size() > end_of_name + 2 &&
         text[end_of_name + 2] != 'Z' && text[end_of_name + 2] != 'X';
}

} // namespace troupe::test
