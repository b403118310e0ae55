// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/guarded.hpp"
#include "troupe/process/supervision_port.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace troupe::detail {

/// Collects the status of every slot of a pool. It travels to all slots as a shared pointer; the
/// last holder that lets go of it gives the answer, so that the asker always gets one, also if
/// some of the slots are no more.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: keeps nothing outside the host.
/// Errors: what `receiver` throws is lost.
class status_query {
public:
  using receiver_function = std::function<void(std::vector<slot_status>)>;

  status_query(std::uint32_t replicas, receiver_function receiver);
  status_query(const status_query&) = delete;
  status_query& operator=(const status_query&) = delete;
  ~status_query();

  void fill(slot_status status);

private:
  guarded<std::vector<slot_status>> slots_;
  receiver_function receiver_;
};

} // namespace troupe::detail
