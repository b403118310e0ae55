// Part of Troupe; see LICENSE.

#include "troupe/process/output_writer.hpp"

#include "troupe/base/guarded.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/process/detail/output_pump.hpp"
#include "troupe/process/detail/output_queue.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>
#include <vector>

namespace troupe {

using detail::output_queue;
using detail::output_way;
using detail::sink_record;

namespace {

using queue_list = std::vector<std::weak_ptr<output_queue>>;

// Whose thread this is; null: another's.
thread_local const output_queue* own_queue = nullptr;

// Never destroyed: a program may end while writers live.
guarded<queue_list>& all_queues() {
  static auto& list = *new guarded<queue_list>;
  return list;
}

// In a copy that is forked while the list is in use, it must be left alone.
std::atomic<std::uint64_t> list_owner{0};

std::vector<std::shared_ptr<output_queue>> living_queues() {
  std::vector<std::shared_ptr<output_queue>> out;
  if (list_owner.load() != os::process_stamp()) return out;
  all_queues().with([&](const queue_list& list) {
    for (const auto& each : list) {
      if (auto queue = each.lock(); queue && !queue->is_forked_copy()) {
        out.push_back(std::move(queue));
      }
    }
  });
  return out;
}

// A program that ends with pools alive, by std::exit or by a return from main, loses nothing that
// was taken before.
void flush_at_exit() {
  (void)output_writer::flush_all();
}

void note_alive(const std::shared_ptr<output_queue>& queue) {
  static const int registered = std::atexit(flush_at_exit);
  (void)registered; // Without room for it, lines may be missing after an early exit.
  all_queues().with([&](queue_list& list) {
    std::erase_if(list, [](const auto& each) { return each.expired(); });
    list.push_back(queue);
    list_owner.store(os::process_stamp());
  });
}

} // namespace

output_writer::output_writer(output_sinks& sinks, output_limits limits,
                             std::function<void()> on_room)
    : queue_{std::make_shared<output_queue>(sinks, limits, std::move(on_room))},
      thread_{os::start_thread("troupe-output", [queue = queue_] { run(queue); })} {
  note_alive(queue_);
}

output_writer::~output_writer() {
  if (queue_->is_forked_copy()) {
    os::leak(std::move(thread_));
    os::leak(std::move(queue_));
  } else if (own_queue == queue_.get()) {
    queue_->end_without_waiting();
    thread_.detach();
  } else if (queue_->end()) {
    thread_.join();
  } else {
    thread_.detach(); // Held by a sink or by the kernel; what it needs is its own.
  }
}

void output_writer::run(const std::shared_ptr<output_queue>& queue) {
  own_queue = queue.get();
  detail::output_pump{*queue}.run();
  queue->note_ended();
}

bool output_writer::take_output(std::string_view name, output_stream stream,
                                std::string_view line) {
  const bool is_out = stream == output_stream::out;
  const auto kind = is_out ? sink_record::kind::out : sink_record::kind::err;
  if (queue_->sinks().output.is_set()) {
    return queue_->add(output_way::sinks, sink_record::encode(kind, name, line), true);
  }
  return queue_->add(is_out ? output_way::out : output_way::err,
                     sink_record{kind, name, line, 0}.text(), true);
}

void output_writer::log(std::string_view line) {
  queue_->log(queue_->way_of_log(), line);
}

bool output_writer::is_paused() {
  return queue_->is_paused();
}

bool output_writer::flush(deadline limit) {
  return own_queue != queue_.get() && queue_->flush(limit);
}

bool output_writer::flush_all() {
  bool is_done = true;
  for (const auto& queue : living_queues()) {
    is_done =
        own_queue != queue.get() && queue->flush(deadline::after(queue->flush_limit())) && is_done;
  }
  return is_done;
}

void output_writer::log_for_process(std::string_view line) noexcept {
  try {
    const auto living = living_queues();
    if (!living.empty()) return living.back()->log(living.back()->way_of_log(), line);
    (void)os::write_what_fits(2, "troupe: " + std::string{line} + "\n");
  } catch (const std::exception&) {
    // Out of memory: nothing can be said.
  }
}

} // namespace troupe
