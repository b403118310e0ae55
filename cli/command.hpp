// Part of Troupe; see LICENSE.

#pragma once

namespace troupe {

/// The command `troupe`, as a function: a program with TROUPE_WORKERs of its own is complete with
///
///     int main(int argc, char** argv) { return troupe::run_command(argc, argv); }
///
/// Calls `troupe::init` first; takes SIGINT, SIGTERM, SIGHUP and SIGPIPE while a troupe runs.
/// Returns the exit code.
int run_command(int argc, char** argv);

} // namespace troupe
