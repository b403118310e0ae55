// Part of Troupe; see LICENSE.

#include "troupe/cli/standard_output.hpp"

#include "troupe/os/standard_streams.hpp"

#include <string>

namespace troupe::cli {

exit_code print(std::string_view text, exit_code result) {
  const auto written = os::write_all(1, text);
  if (written) return result;
  complain(os::stdout_failure(written.error().os_error));
  return result == exit_code::ok ? exit_code::failed : result;
}

void complain(std::string_view text) {
  (void)os::write_all(2, "troupe: " + std::string{text} + "\n");
}

} // namespace troupe::cli
