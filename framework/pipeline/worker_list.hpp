// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/any_worker.hpp"
#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/worker_config.hpp"
#include "troupe/pipeline/worker_role.hpp"

#include <memory>
#include <string_view>

namespace troupe {

/// A worker type under its name; a node of the list that TROUPE_WORKER fills.
struct worker_entry {
  const char* name = "";
  worker_role role = worker_role::transform;
  pipeline::message_type (*input)() = nullptr;
  pipeline::message_type (*output)() = nullptr;
  std::unique_ptr<pipeline::any_worker> (*make)(const worker_config&) = nullptr;
  bool runs_in_host = false; ///< On a thread of the host, whose descriptors it uses.
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
