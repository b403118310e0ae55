// Part of Troupe; see LICENSE.

#include "troupe/cli/command.hpp"

#include "troupe/actors/catalogue.hpp"
#include "troupe/base/shortage.hpp"
#include "troupe/cli/arguments.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/cli/verbs.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/runtime/init.hpp"

#include <cerrno>
#include <csignal>
#include <exception>
#include <new>

namespace troupe {

namespace {

using cli::exit_code;

template<class... F>
struct overloaded : F... {
  using F::operator()...;
};
template<class... F>
overloaded(F...) -> overloaded<F...>; // clang before 17 does not find it out for an aggregate.

exit_code carry_out(int argc, char** argv) {
  return std::visit(
      overloaded{[](const cli::early_end& end) {
                   if (end.code == exit_code::ok) return cli::print(end.text, end.code);
                   (void)os::write_all(2, end.text);
                   return end.code;
                 },
                 [](const cli::run_arguments& arguments) { return cli::run(arguments); },
                 [](const cli::validate_arguments& arguments) { return cli::validate(arguments); },
                 [](const cli::status_arguments& arguments) { return cli::status(arguments); },
                 [](const cli::actors_arguments& arguments) { return cli::actors(arguments); }},
      cli::parse_arguments(argc, argv));
}

} // namespace

int run_command(int argc, char** argv) {
  actors::install_builtins(); // Workers are forked from this image and need them too.
  init(argc, argv);
  os::occupy_closed_standard_streams();
  // A reader of our output that goes away is an error to report, not a reason to die: workers and
  // services are stopped in order. Children get the default again.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return cli::to_int(carry_out(argc, argv));
  } catch (const std::bad_alloc&) {
    cli::complain(shortage_text(ENOMEM));
    return cli::to_int(exit_code::failed);
  } catch (const std::exception& e) {
    cli::complain(e.what());
    return cli::to_int(exit_code::failed);
  }
}

} // namespace troupe
