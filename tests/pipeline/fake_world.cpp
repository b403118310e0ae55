// Part of Troupe; see LICENSE.

#include "fake_world.hpp"

#include "troupe/base/assert.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <numeric>
#include <sstream>

namespace troupe::test {
namespace {

constexpr std::size_t ring_jobs = 8;

// The one simulated worker that runs just now.
struct scene {
  std::mt19937_64* random = nullptr;
  unsigned kill_inside = 0;
  bool has_died = false;
  std::chrono::steady_clock::time_point now{};
};
scene current;

struct death {};

std::chrono::steady_clock::time_point fake_clock() {
  current.now += std::chrono::microseconds{1};
  return current.now;
}

} // namespace

std::map<std::string, std::string>& files() {
  static std::map<std::string, std::string> all;
  return all;
}

void die() {
  current.has_died = true;
  throw death{};
}

void maybe_die() {
  if (current.has_died) throw death{};
  if (current.kill_inside > 0 && (*current.random)() % 1000 < current.kill_inside) die();
}

void spend(std::chrono::microseconds time) {
  current.now += time;
}

fake_lane::fake_lane(pipeline::stage& owner, std::mt19937_64& random, const fate& chances)
    : owner_{&owner}, random_{&random}, chances_{chances}, slots_(owner.spec().replicas) {}

bool fake_lane::chance(unsigned in_1000) {
  return in_1000 > 0 && (*random_)() % 1000 < in_1000 && kills < chances_.kills_max;
}

bool fake_lane::post(slot_id id, job_id number, std::span<const std::byte> payload) {
  auto& slot = slots_.at(id.value);
  if (!slot.worker || slot.jobs.size() >= ring_jobs || chance(chances_.refuse_post)) return false;
  BOOST_REQUIRE(payload.size() <= pipeline::payload_bytes_max + pipeline::piece_head_bytes);
  slot.jobs.push_back({number, {payload.begin(), payload.end()}});
  return true;
}

std::size_t fake_lane::in_flight(slot_id slot) const {
  return slots_.at(slot.value).jobs.size();
}

void fake_lane::kill(slot_id slot, end_reason reason) {
  slots_.at(slot.value).is_killed = true;
  last_kill_reason = reason;
}

void fake_lane::abandon(slot_id id) {
  auto& slot = slots_.at(id.value);
  if (slot.worker) end(id, slot, std::nullopt);
  slot.is_gone = true;
  owner_->on_abandoned(id);
}

void fake_lane::kill_all() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& slot = slots_[i];
    if (!slot.worker) continue;
    std::optional<job_id> running;
    if (!slot.jobs.empty()) running = slot.jobs.front().id;
    end(slot_id{static_cast<std::uint32_t>(i)}, slot, running);
  }
}

void fake_lane::add_slot() {
  slots_.emplace_back();
}

void fake_lane::end(slot_id id, fake_slot& slot, std::optional<job_id> running) {
  slot.worker.reset();
  slot.jobs.clear();
  slot.is_hung = slot.is_killed = false;
  slot.forged_bytes = 0;
  ++slot.incarnation;
  ++kills;
  exit_record record;
  record.status = exit_status::killed_by(SIGKILL);
  record.pid = 4711;
  record.name = owner_->spec().name + "/" + std::to_string(id.value);
  owner_->on_detached(id, running, record);
}

// As lane_set and the supervisor do: no new work, and the end once nothing would be lost.
bool fake_lane::retire(slot_id id, fake_slot& slot) {
  if (quota == 0 || !slot.worker || slot.is_killed) return false;
  const auto done = owner_->messages_done(id);
  if (done < quota) return false;
  owner_->hold(id, true);
  if (!slot.jobs.empty() || !owner_->is_idle(id)) return false;
  retired.push_back(done);
  slot.worker.reset();
  ++slot.incarnation;
  exit_record record;
  record.status = exit_status::exited_with(0);
  owner_->on_detached(id, std::nullopt, record);
  return true;
}

bool fake_lane::step() {
  std::vector<std::size_t> able;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& slot = slots_[i];
    if (slot.is_gone) continue;
    if (retire(slot_id{static_cast<std::uint32_t>(i)}, slot)) return true;
    if (!slot.worker || slot.is_killed || (!slot.jobs.empty() && !slot.is_hung)) able.push_back(i);
  }
  if (able.empty()) return false;
  const slot_id id{static_cast<std::uint32_t>(able[(*random_)() % able.size()])};
  auto& slot = slots_[id.value];
  if (!slot.worker) {
    slot.worker = std::make_unique<pipeline::session>(&fake_clock);
    ++starts;
    owner_->hold(id, false);
    owner_->set_quota(id, quota);
    owner_->on_attached(id, {slot.incarnation});
  } else if (slot.is_killed) {
    // The job in front may have been begun or not: nobody can say.
    std::optional<job_id> running;
    if (!slot.jobs.empty() && (*random_)() % 2 == 0) running = slot.jobs.front().id;
    end(id, slot, running);
  } else {
    work(id, slot);
  }
  return true;
}

void fake_lane::work(slot_id id, fake_slot& slot) {
  auto next = std::move(slot.jobs.front());
  if (chance(chances_.kill_before)) {
    return end(id, slot, (*random_)() % 2 == 0 ? std::optional{next.id} : std::nullopt);
  }
  slot.jobs.pop_front();
  std::vector<std::byte> bytes;
  current.random = random_;
  current.kill_inside = kills < chances_.kills_max ? chances_.kill_inside : 0;
  current.has_died = false;
  garble(slot, next);
  slot.worker->run(next.payload, [&](pipeline::bytes_view answer) {
    bytes.assign(answer.begin(), answer.end());
  });
  if (current.has_died || chance(chances_.kill_after)) return end(id, slot, next.id);
  if (chance(chances_.lie)) {
    for (int i = 0; i < 4 && !bytes.empty(); ++i) {
      bytes[(*random_)() % bytes.size()] = static_cast<std::byte>((*random_)());
    }
  }
  forge_answer(slot, bytes);
  owner_->on_reply(id, next.id, reply_kind::value, bytes);
}

void fake_lane::forge_answer(fake_slot& slot, std::vector<std::byte>& reply) {
  if (reply.size() < pipeline::reply_head_bytes) return;
  std::uint64_t place = 0;
  std::memcpy(&place, reply.data(), sizeof place);
  place += slot.forged_bytes;
  std::memcpy(reply.data(), &place, sizeof place);
  auto stream = pipeline::bytes_view{reply}.subspan(pipeline::reply_head_bytes);
  pipeline::bytes_view record;
  if (!forge || pipeline::take_record(stream, record) != pipeline::record_state::whole) return;
  auto answer = pipeline::decode_answer(record);
  if (!answer || answer->kind != pipeline::answer_kind::done || !forge(answer->done)) return;
  forge = nullptr;
  std::vector<std::byte> forged{reply.begin(), reply.begin() + pipeline::reply_head_bytes};
  append_record(forged, answer->done);
  slot.forged_bytes += forged.size() - reply.size();
  reply = std::move(forged);
}

// A piece is lost, changed, or comes twice. Short jobs are left alone: they have no pieces.
void fake_lane::garble(fake_slot& slot, job& next) {
  const auto kind = static_cast<pipeline::job_kind>(next.payload.at(0));
  if (kind != pipeline::job_kind::piece || !chance(chances_.garble)) return;
  ++garbled;
  switch ((*random_)() % 3) {
  case 0:
    next.payload = pipeline::encode_bare(pipeline::job_kind::fetch);
    return;
  case 1:
    next.payload[1 + (*random_)() % (next.payload.size() - 1)] ^= std::byte{0x10};
    return;
  default:
    slot.worker->run(next.payload, [](pipeline::bytes_view) {});
  }
}

fake_world::fake_world(pipeline::graph_spec spec, std::uint64_t seed, fate chances)
    : random_{seed} {
  auto plan = pipeline::graph::make(std::move(spec));
  if (!plan) BOOST_FAIL(plan.error().message);
  engine_ = std::make_unique<pipeline::engine>(*plan, *this);
  for (std::size_t i = 0; i < engine_->stage_count(); ++i) {
    lanes_.push_back(std::make_unique<fake_lane>(engine_->stage_at(i), random_, chances));
    engine_->connect(i, *lanes_.back());
  }
}

bool fake_world::step() {
  now_ += std::chrono::microseconds{random_() % 50};
  engine_->pump(now_);
  check_bounds();
  std::vector<std::size_t> order(lanes_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), random_);
  for (const auto i : order) {
    if (lanes_[i]->step()) return true;
  }
  const auto due = engine_->next_due();
  if (due == time_point::max()) return false;
  now_ = std::max(now_ + std::chrono::microseconds{1}, due);
  return true;
}

std::string fake_world::report() {
  std::ostringstream out;
  for (std::size_t i = 0; i < engine_->stage_count(); ++i) {
    const auto& each = engine_->stage_at(i);
    const auto seen = each.counters();
    out << "\n  " << each.spec().name << " (" << each.spec().worker.name << ", "
        << each.spec().replicas << " replicas): in " << seen.in << " done " << seen.done << " out "
        << seen.out << " retries " << seen.retries << " errors " << seen.errors << " lost "
        << seen.workers_lost << " in flight " << seen.in_flight
        << (each.is_finished() ? " finished" : "");
  }
  return out.str();
}

bool fake_world::run(std::uint64_t steps_max) {
  for (std::uint64_t i = 0; i < steps_max; ++i) {
    if (engine_->state() != pipeline::engine_state::running) {
      return engine_->state() == pipeline::engine_state::finished;
    }
    if (!step()) return engine_->state() == pipeline::engine_state::finished;
  }
  return false;
}

std::uint64_t fake_world::kills() const {
  std::uint64_t sum = 0;
  for (const auto& each : lanes_) sum += each->kills;
  return sum;
}

void fake_world::check_bounds() {
  for (std::size_t i = 0;; ++i) {
    if (i >= engine_->channel_count()) return;
    const auto& each = engine_->channel_at(i);
    const auto counters = each.counters();
    BOOST_REQUIRE(counters.depth_max <= each.spec().capacity);
    const bool is_alone = counters.depth <= 1;
    BOOST_REQUIRE(is_alone || counters.bytes <= each.spec().max_bytes);
  }
}

} // namespace troupe::test
