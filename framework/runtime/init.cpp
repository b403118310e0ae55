// Part of Troupe; see LICENSE.

#include "troupe/runtime/init.hpp"

#include "troupe/pool/environment.hpp"
#include "troupe/process/zygote.hpp"
#include "troupe/runtime/host_environment.hpp"

namespace troupe {

void init(int argc, char** argv) {
  become_zygote_if_asked(argc, argv);
  set_environment_source(&host_environment);
}

} // namespace troupe
