// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Transform: the message is a path; the output is the line that sha256sum prints for it,
/// "<digest>  <path>", with its escapes for backslash, line feed and carriage return.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk. Crash: nothing is changed.
/// Errors: a file that cannot be read fails its message.
class sha256 {
public:
  sha256();
  std::string operator()(const std::string& path);

private:
  std::vector<std::byte> buffer_;
};

/// Returns the line for a digest in hexadecimal and a path.
std::string checksum_line(std::string_view digest, std::string_view path);

} // namespace troupe::actors
