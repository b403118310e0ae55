// Part of Troupe; see LICENSE.

#include "troupe/cli/command.hpp"

int main(int argc, char** argv) {
  return troupe::run_command(argc, argv);
}
