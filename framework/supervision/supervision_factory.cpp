// Part of Troupe; see LICENSE.

#include "troupe/supervision/supervision_factory.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/base/guarded.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/supervision/detail/actor_threads.hpp"
#include "troupe/supervision/detail/pool_link.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>

#include <cstddef>
#include <exception>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {
namespace {

constexpr std::size_t actor_threads_count = 2;

/// Only what is said here: `parse` would read a file from the working directory.
struct actor_config : caf::actor_system_config {
  explicit actor_config(detail::actor_threads& threads) {
    module_factories.push_back(
        [&threads](caf::actor_system& system) { return threads.make_scheduler(system); });
    set("logger.verbosity", caf::atom("quiet"));
  }
};

/// CAF's system with all that it needs. The threads come first, for they may be refused.
struct running_system {
  detail::actor_threads threads{actor_threads_count};
  actor_config config{threads};
  caf::actor_system system{config};
};

std::function<double()> random_source() {
  const auto engine = std::make_shared<guarded<std::minstd_rand>>(std::random_device{}());
  return [engine] {
    return engine->with([](auto& next) { return std::uniform_real_distribution{}(next); });
  };
}

/// CAF leaves a reference to a system's logger in every thread that made the system or spawned in
/// it, and the end of the system waits until all of them are gone. The caller's thread may live for
/// ever, so this is done on one that ends at once.
template<class F>
void on_passing_thread(F&& f) {
  std::exception_ptr thrown;
  os::start_thread("troupe-spawner", [&] {
    try {
      f();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

class actor_factory final : public supervision_factory {
public:
  explicit actor_factory(supervision_options options) : services_{std::move(options)} {
    TROUPE_ASSERT(services_.timers != nullptr);
    if (!services_.random) services_.random = random_source();
    if (!services_.counters) services_.counters = std::make_shared<supervision_counters>();
  }

  ~actor_factory() override {
    state_.with([](state& held) {
      for (const auto& gate : held.gates) {
        const auto open = gate.lock();
        if (!open) continue;
        open->close();
        open->wait();
      }
    });
  }

  std::unique_ptr<pool_supervision> make(pool_supervision_spec spec,
                                         std::shared_ptr<slot_control> control) override {
    TROUPE_ASSERT(control != nullptr);
    return state_.with([&](state& held) {
      std::unique_ptr<detail::pool_link> pool;
      on_passing_thread([&] {
        if (!held.running) held.running = std::make_unique<running_system>();
        pool = std::make_unique<detail::pool_link>(held.running->system, std::move(spec),
                                                   std::move(control), services_);
      });
      std::erase_if(held.gates, [](const auto& gate) { return gate.expired(); });
      held.gates.push_back(pool->gate());
      return pool;
    });
  }

private:
  struct state {
    std::unique_ptr<running_system> running;
    std::vector<std::weak_ptr<detail::actor_gate>> gates;
  };

  supervision_options services_;
  guarded<state> state_;
};

} // namespace

std::unique_ptr<supervision_factory> make_supervision_factory(supervision_options options) {
  return std::make_unique<actor_factory>(std::move(options));
}

} // namespace troupe
