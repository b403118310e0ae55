// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/pool_link.hpp"

#include "troupe/supervision/detail/pool_supervisor.hpp"
#include "troupe/supervision/detail/status_query.hpp"

#include <utility>

namespace troupe::detail {

pool_link::pool_link(caf::actor_system& system, pool_supervision_spec spec,
                     std::shared_ptr<slot_control> control, const supervision_options& services)
    : replicas_{spec.replicas}, counters_{services.counters} {
  const auto context =
      std::make_shared<const pool_context>(pool_context{std::move(spec), services, gate_});
  auto workers = std::vector<caf::actor>{};
  workers.reserve(replicas_);
  for (std::uint32_t i = 0; i < replicas_; ++i)
    workers.push_back(system.spawn<worker_actor>(context, slot_id{i}));
  auto supervisor = system.spawn<pool_supervisor>(context, std::move(control), workers);
  gate_->open(std::move(supervisor), std::move(workers));
}

pool_link::~pool_link() {
  gate_->close();
  gate_->wait();
}

void pool_link::start() {
  gate_->tell_supervisor(start_atom::value);
}

void pool_link::stop(stop_mode mode) {
  gate_->tell_supervisor(stop_atom::value, mode);
}

void pool_link::recycle(slot_id slot, incarnation_id incarnation) {
  tell_slot(slot, recycle_atom::value, incarnation);
}

void pool_link::query(std::function<void(std::vector<slot_status>)> receiver) {
  const auto query = std::make_shared<status_query>(replicas_, std::move(receiver));
  gate_->tell_workers(query_atom::value, query);
}

void pool_link::note_reason(slot_id slot, incarnation_id incarnation, end_reason reason) {
  tell_slot(slot, reason_atom::value, incarnation, reason);
}

void pool_link::excuse(slot_id slot, incarnation_id incarnation, restart_excuse why) {
  tell_slot(slot, excuse_atom::value, incarnation, why);
}

void pool_link::on_ready(slot_id slot, incarnation_id incarnation) {
  tell_slot(slot, ready_atom::value, incarnation);
}

void pool_link::on_drained(slot_id slot, incarnation_id incarnation) {
  tell_slot(slot, drained_atom::value, incarnation);
}

void pool_link::on_exited(slot_id slot, incarnation_id incarnation, exit_record record) {
  tell_slot(slot, exited_atom::value, incarnation, record);
}

void pool_link::on_start_failed(slot_id slot, incarnation_id incarnation, failure cause) {
  tell_slot(slot, unstarted_atom::value, incarnation, cause);
}

template<class... Ts>
void pool_link::tell_slot(slot_id slot, const Ts&... parts) {
  if (!gate_->tell_worker(slot, parts...)) ++counters_->stale_events;
}

} // namespace troupe::detail
