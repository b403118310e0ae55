// Part of Troupe; see LICENSE.

#include "troupe/base/shortage.hpp"

#include <cerrno>

namespace troupe {

std::string_view shortage_text(int os_error) noexcept {
  switch (os_error) {
  case EMFILE:
    return "out of descriptors: raise the limit of open files (ulimit -n) or use fewer workers";
  case ENFILE:
    return "the machine is out of open files: raise fs.file-max or close some";
  case EAGAIN:
    return "out of processes or threads: raise the limit (ulimit -u, pids.max of its cgroup) or "
           "use fewer workers";
  case ENOMEM:
  case ENOBUFS:
    return "out of memory: raise the limit (ulimit -v, memory.max of its cgroup) or use less";
  case ENOSPC:
    return "out of room in the kernel's tables or in memory: raise the limit that the text before "
           "names, such as fs.epoll.max_user_watches";
  default:
    return {};
  }
}

bool is_shortage(int os_error) noexcept {
  return !shortage_text(os_error).empty();
}

} // namespace troupe
