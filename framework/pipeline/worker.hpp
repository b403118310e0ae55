// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/unique_name.hpp"
#include "troupe/pipeline/detail/worker_adapter.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

/// How to write a worker for a pipeline. A worker is a function or a class; what it is follows
/// from its members:
///
///   transform    `Out f(const In&)`, also with std::optional<Out> (none or one), std::vector<Out>
///                (any number) or `void f(const In&, troupe::emitter&)`; or a class with such an
///                operator(), when it needs the pool's config
///   expansion    `bool expand(const In&, std::string& cursor, troupe::emitter&)`: one message into
///                so many that they are committed in pieces; true while there are more
///   source       `bool produce(troupe::emitter&)`: emits some, false at the end; save, load
///   aggregation  `void add(const In&)`, `void emit(troupe::emitter&)`; save, load
///   sink         `void write(const In&)`; save, load
///
/// `State save()` returns what has to survive the worker's death, and `void load(const State&)`
/// takes it in the next incarnation, before any message. What a worker did after its last save is
/// done again, in the same order; so a sink's save() first makes its writing permanent, and load()
/// undoes what came later.
///
/// Messages and states are std::string, std::string_view, bytes, or any type that the wire format
/// carries. An exception fails the message, which is tried again and then goes to the dead letter;
/// `troupe::stage_failed` fails the pipeline.

namespace troupe {

/// Puts a worker type into the list of this program or shared library, before main.
///
/// Lives in: any process. Threads: made before main. Blocks: never. Crash: nothing shared.
/// Errors: none.
class worker_registration {
public:
  explicit worker_registration(worker_entry entry) noexcept : entry_{entry} {
    register_worker(entry_);
  }
  worker_registration(const worker_registration&) = delete;
  worker_registration& operator=(const worker_registration&) = delete;

private:
  worker_entry entry_;
};

} // namespace troupe

/// The worker types of a shared library named by `module:`, found by this name.
extern "C" [[gnu::used, gnu::visibility("default")]] inline const troupe::worker_entry*
troupe_module_workers() {
  return troupe::worker_list();
}

/// Makes a function or class known to YAML files as `worker: name`. At namespace scope, in a source
/// file of the program or of a shared library. TROUPE_WORKER_AS gives another name than the C++
/// one.
#define TROUPE_WORKER_AS(what, name)                                                               \
  static const ::troupe::worker_registration TROUPE_DETAIL_UNIQUE_NAME(troupe_worker_) {           \
    ::troupe::pipeline::detail::make_entry<what>(name)                                             \
  }
#define TROUPE_WORKER(what) TROUPE_WORKER_AS(what, #what)
