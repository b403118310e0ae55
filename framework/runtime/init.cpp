// Part of Troupe; see LICENSE.

#include "troupe/runtime/init.hpp"

#include "troupe/os/membarrier.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/process/zygote.hpp"
#include "troupe/runtime/detail/environment_claim.hpp"
#include "troupe/runtime/host_environment.hpp"

namespace troupe {

void init(int argc, char** argv) {
  // Let go of at once: workers are copies of a zygote, which never leaves the next call but one.
  { const detail::environment_claim passing{"troupe::init"}; }
  set_environment_source(&host_environment); // First: a worker may make pools of its own.
  become_zygote_if_asked(argc, argv);
  os::accept_membarriers(); // Now, while there is one thread, it costs nothing.
}

} // namespace troupe
