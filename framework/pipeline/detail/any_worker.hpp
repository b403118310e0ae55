// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/detail/batch_report.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"
#include "troupe/pipeline/worker_role.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline::detail {

/// A user's worker with its types wiped off; each role uses some of the calls.
class any_worker {
public:
  any_worker() = default;
  any_worker(const any_worker&) = delete;
  any_worker& operator=(const any_worker&) = delete;
  virtual ~any_worker() = default;

  virtual void load(bytes_view) {}
  virtual void save(std::vector<std::byte>&) {}
  /// Returns false when there is no more.
  virtual bool produce(emitter&) { return false; }
  virtual void apply(bytes_view, emitter&) {}
  /// Returns true when the message has more outputs; `cursor` says where they go on.
  virtual bool expand(bytes_view message, std::string&, emitter& out) {
    apply(message, out);
    return false;
  }
  /// A transform that works on a whole batch at once: it reports on each message in order, and
  /// may stop after some. @{
  [[nodiscard]] virtual bool takes_batches() const { return false; }
  virtual void transform_batch(bytes_view, std::uint32_t, batch_report&) {}
  /// @}
  virtual void finish(emitter&) {}
  /// Whether every job is committed at once: saving costs next to nothing.
  [[nodiscard]] virtual bool commits_each_job() const { return false; }
};

} // namespace troupe::pipeline::detail

namespace troupe {

/// A worker type under its name; a node of the list that TROUPE_WORKER fills.
struct worker_entry {
  const char* name = "";
  worker_role role = worker_role::transform;
  pipeline::message_type (*input)() = nullptr;
  pipeline::message_type (*output)() = nullptr;
  std::unique_ptr<pipeline::detail::any_worker> (*make)(const worker_config&) = nullptr;
  const worker_entry* next = nullptr;
};

/// The worker types of this program, or of this shared library. Filled before main, or by
/// `install_builtins`; never changed while jobs run.
inline const worker_entry*& worker_list() noexcept {
  static const worker_entry* head = nullptr;
  return head;
}

/// Puts an entry, which must live for ever, into the list.
inline void register_worker(worker_entry& entry) noexcept {
  entry.next = worker_list();
  worker_list() = &entry;
}

inline const worker_entry* find_worker(const worker_entry* list, std::string_view name) noexcept {
  while (list != nullptr && list->name != name) list = list->next;
  return list;
}

} // namespace troupe
