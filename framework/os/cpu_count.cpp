// Part of Troupe; see LICENSE.

#include "troupe/os/cpu_count.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr int cpus_max = 8192; // Of a kernel; bounds the affinity mask.
constexpr int levels_max = 64; // Of a cgroup path.

// Where a hierarchy is mounted, and which of its directories is seen there.
struct cgroup_mount {
  std::string point;
  std::string root;
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words{list};
  for (std::string entry; std::getline(words, entry, ',');) {
    if (entry == word) return true;
  }
  return false;
}

// Finds the mount of cgroup v2, or of the v1 hierarchy with the cpu controller.
std::optional<cgroup_mount> find_mount(const std::string& root, bool is_v2) {
  std::ifstream mounts{root + "/proc/self/mountinfo"};
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream front{line.substr(0, dash)};
    std::istringstream back{line.substr(dash + 3)};
    std::string skipped;
    cgroup_mount mount;
    front >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    std::string type;
    std::string options;
    back >> type >> skipped >> options;
    if (is_v2 ? type == "cgroup2" : type == "cgroup" && has_word(options, "cpu")) return mount;
  }
  return std::nullopt;
}

// The own path in that hierarchy, from "0::/path" or "4:cpu,cpuacct:/path".
std::optional<std::string> own_path(const std::string& root, bool is_v2) {
  std::ifstream groups{root + "/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (is_v2 ? line.starts_with("0::") : has_word(controllers, "cpu")) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

std::optional<double> quota_of(const std::string& directory, bool is_v2) {
  double quota = 0;
  double period = 0;
  if (is_v2) {
    std::ifstream file{directory + "/cpu.max"};
    if (!(file >> quota >> period)) return std::nullopt; // "max 100000": no number first.
  } else {
    std::ifstream quota_file{directory + "/cpu.cfs_quota_us"};
    std::ifstream period_file{directory + "/cpu.cfs_period_us"};
    if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  }
  if (quota <= 0 || period <= 0) return std::nullopt; // v1 says -1 for none.
  return quota / period;
}

void take_smaller(std::optional<double>& least, std::optional<double> other) {
  if (other && (!least || *other < *least)) least = other;
}

std::optional<double> tightest(const std::string& root, bool is_v2) {
  const auto mount = find_mount(root, is_v2);
  auto path = own_path(root, is_v2);
  if (!mount || !path) return std::nullopt;
  // In a container the mount may show only a part of the tree.
  if (mount->root != "/" && path->starts_with(mount->root)) path->erase(0, mount->root.size());
  std::optional<double> least;
  for (int level = 0; level < levels_max; ++level) {
    take_smaller(least, quota_of(root + mount->point + *path, is_v2));
    const auto slash = path->rfind('/');
    if (path->empty() || slash == std::string::npos) break;
    path->erase(slash);
  }
  return least;
}

unsigned affinity_count() {
  auto* set = CPU_ALLOC(cpus_max);
  if (set == nullptr) return 0;
  const auto size = CPU_ALLOC_SIZE(cpus_max);
  CPU_ZERO_S(size, set);
  const bool is_known = ::sched_getaffinity(0, size, set) == 0;
  const int count = is_known ? CPU_COUNT_S(size, set) : 0;
  CPU_FREE(set);
  return static_cast<unsigned>(count);
}

} // namespace

std::optional<double> cgroup_cpu_quota(const std::string& root) {
  auto least = tightest(root, true);
  take_smaller(least, tightest(root, false));
  return least;
}

unsigned usable_cpu_count() {
  unsigned count = affinity_count();
  if (count == 0) count = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
  if (const auto quota = cgroup_cpu_quota(); quota && *quota < count) {
    count = static_cast<unsigned>(std::ceil(*quota));
  }
  return std::max(count, 1U);
}

} // namespace troupe::os
