// Part of Troupe; see LICENSE.

#include "troupe/cli/standard_output.hpp"

#include "troupe/os/standard_streams.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace troupe::cli {

exit_code print(std::string_view text, exit_code result) {
  const auto written = os::write_all(1, text);
  if (written) return result;
  const int problem = written.error().os_error;
  auto what = "cannot write to stdout: " + std::generic_category().message(problem);
  if (problem == EBADF) what += " (it is closed)";
  if (problem == EPIPE) what += " (its reader has gone)";
  complain(what);
  return result == exit_code::ok ? exit_code::failed : result;
}

void complain(std::string_view text) {
  (void)os::write_all(2, "troupe: " + std::string{text} + "\n");
}

} // namespace troupe::cli
