// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/supervision/detail/actor_gate.hpp"
#include "troupe/supervision/supervision_factory.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace troupe::detail {

/// One pool's supervisor as the rest of the host holds it: every call becomes a message.
///
/// Lives in: host. Threads: any. Blocks: only the destructor, for the supervisor, not for workers.
/// Crash: keeps nothing outside the host. Errors: none; calls after the factory's end do nothing.
class pool_link final : public pool_supervision {
public:
  /// Starts the actors of a pool in `system`.
  /// @pre all members of `services` are set
  pool_link(caf::actor_system& system, pool_supervision_spec spec,
            std::shared_ptr<slot_control> control, const supervision_options& services);
  ~pool_link() override;

  void start() override;
  void stop(stop_mode mode) override;
  void recycle(slot_id slot, incarnation_id incarnation) override;
  void query(std::function<void(std::vector<slot_status>)> receiver) override;
  void note_reason(slot_id slot, incarnation_id incarnation, end_reason reason) override;
  void excuse(slot_id slot, incarnation_id incarnation, restart_excuse why) override;
  void on_ready(slot_id slot, incarnation_id incarnation) override;
  void on_drained(slot_id slot, incarnation_id incarnation) override;
  void on_exited(slot_id slot, incarnation_id incarnation, exit_record record) override;
  void on_start_failed(slot_id slot, incarnation_id incarnation, failure cause) override;

  [[nodiscard]] const std::shared_ptr<actor_gate>& gate() const noexcept { return gate_; }

private:
  template<class... Ts>
  void tell_slot(slot_id slot, const Ts&... parts);

  std::shared_ptr<actor_gate> gate_ = std::make_shared<actor_gate>();
  std::uint32_t replicas_;
  std::shared_ptr<supervision_counters> counters_;
};

} // namespace troupe::detail
