// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <vector>

namespace troupe::test {

/// The puppet's modes that make it the host of workers of its own.
int run_host_mode(const std::string& mode, const std::vector<std::string>& arguments);

} // namespace troupe::test
