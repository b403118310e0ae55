// Goal: replicas follow the CPUs that a container really gives, for both versions of cgroups.
// Method: trees of made-up /proc and /sys files.

#include "troupe/os/cpu_count.hpp"

#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace troupe::os {
namespace {

namespace fs = std::filesystem;

struct fake_root {
  void write(const std::string& path, const std::string& text) const {
    const auto file = root + path;
    fs::create_directories(fs::path{file}.parent_path());
    std::ofstream{file} << text;
  }
  void mount_v2(const std::string& shown = "/") const {
    write("/proc/self/mountinfo", "20 1 0:5 / /proc rw - proc proc rw\n"
                                  "30 1 0:26 " +
                                      shown +
                                      " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }
  test::temporary_folder home;
  std::string root = home.path().string();
};

BOOST_AUTO_TEST_SUITE(cpu_count_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(there_is_at_least_one) {
  BOOST_TEST(usable_cpu_count() >= 1U);
}

BOOST_FIXTURE_TEST_CASE(no_files_mean_no_quota, fake_root) {
  BOOST_TEST(!cgroup_cpu_quota(root).has_value());
}

BOOST_FIXTURE_TEST_CASE(v2_quota_is_read, fake_root) {
  mount_v2();
  write("/proc/self/cgroup", "0::/box\n");
  write("/sys/fs/cgroup/box/cpu.max", "150000 100000\n");
  BOOST_TEST(cgroup_cpu_quota(root).value_or(0) == 1.5);
}

BOOST_FIXTURE_TEST_CASE(v2_max_means_none, fake_root) {
  mount_v2();
  write("/proc/self/cgroup", "0::/box\n");
  write("/sys/fs/cgroup/box/cpu.max", "max 100000\n");
  BOOST_TEST(!cgroup_cpu_quota(root).has_value());
}

BOOST_FIXTURE_TEST_CASE(tightest_level_counts, fake_root) {
  mount_v2();
  write("/proc/self/cgroup", "0::/outer/inner\n");
  write("/sys/fs/cgroup/outer/inner/cpu.max", "400000 100000\n");
  write("/sys/fs/cgroup/outer/cpu.max", "300000 100000\n");
  BOOST_TEST(cgroup_cpu_quota(root).value_or(0) == 3.0);
}

BOOST_FIXTURE_TEST_CASE(mount_of_a_part_of_the_tree_is_followed, fake_root) {
  mount_v2("/docker/abc");
  write("/proc/self/cgroup", "0::/docker/abc/job\n");
  write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  BOOST_TEST(cgroup_cpu_quota(root).value_or(0) == 2.0);
}

BOOST_FIXTURE_TEST_CASE(v1_quota_is_read, fake_root) {
  write("/proc/self/mountinfo",
        "31 1 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 1 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
  write("/proc/self/cgroup", "5:cpuset:/\n4:cpu,cpuacct:/box\n0::/\n");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(cgroup_cpu_quota(root).value_or(0) == 0.5);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
