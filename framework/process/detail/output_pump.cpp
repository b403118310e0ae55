// Part of Troupe; see LICENSE.

#include "troupe/process/detail/output_pump.hpp"

#include "troupe/os/standard_streams.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

namespace troupe::detail {

namespace {

constexpr int stdout_number = 1;
constexpr int stderr_number = 2;
// A descriptor that is ready and takes nothing is asked again after this.
constexpr auto pause_in_vain = std::chrono::milliseconds{10};

} // namespace

void output_pump::run() {
  while (queue_.refill(blocks_)) {
    wait();
    const bool has_written_out = write(output_way::out, stdout_number);
    const bool has_written_err = write(output_way::err, stderr_number);
    is_in_vain_ = was_ready_ && !has_written_out && !has_written_err;
    give_to_sink();
  }
  // Whatever stays is told, if that can be done without waiting.
  const auto words = queue_.last_words(blocks_);
  if (!words.empty()) (void)os::write_what_fits(stderr_number, words);
}

// Until the bell rings, a reader takes something, or it is time to tell what was dropped.
void output_pump::wait() {
  auto limit = deadline::at(queue_.next_tell());
  watched_.clear();
  const auto bell = watched_.add(queue_.bell().descriptor().get());
  std::array<std::size_t, 2> places{};
  std::size_t count = 0;
  if (is_in_vain_) limit = deadline::at(std::min(limit.when(), clock::now() + pause_in_vain));
  if (!block(output_way::sinks).rest().empty()) limit = deadline::now();
  if (!is_in_vain_ && !block(output_way::out).rest().empty()) {
    places[count++] = watched_.add_for_room(stdout_number);
  }
  if (!is_in_vain_ && !block(output_way::err).rest().empty()) {
    places[count++] = watched_.add_for_room(stderr_number);
  }
  watched_.wait(limit);
  if (watched_.is_readable(bell)) (void)queue_.bell().clear();
  was_ready_ = std::any_of(places.begin(), places.begin() + count,
                           [this](std::size_t place) { return watched_.is_writable(place); });
}

// True: something was written, or given up.
bool output_pump::write(output_way way, int descriptor) {
  auto& from = block(way);
  if (from.rest().empty()) return false;
  const auto written = os::write_what_fits(descriptor, from.rest());
  if (written) {
    from.done += *written;
    queue_.note_arrived(way, *written);
    return true;
  }
  if (written.error().code == errc::would_block) return false;
  queue_.note_lost(way, from.rest(), std::generic_category().message(written.error().os_error));
  from = {};
  return true;
}

void output_pump::give_to_sink() {
  auto& from = block(output_way::sinks);
  if (from.rest().empty()) return;
  const auto record = sink_record::decode(from.rest());
  if (!call_sink(record)) {
    // It was taken away while this line waited.
    const auto way = record.what == sink_record::kind::out ? output_way::out : output_way::err;
    (void)queue_.add(way, record.text(), false);
  }
  from.done += record.size_bytes;
  queue_.note_arrived(output_way::sinks, record.size_bytes);
}

bool output_pump::call_sink(const sink_record& record) {
  bool is_taken = true;
  try {
    if (record.what == sink_record::kind::log) {
      is_taken = queue_.sinks().log.call(record.line);
    } else {
      const auto stream =
          record.what == sink_record::kind::out ? output_stream::out : output_stream::err;
      is_taken = queue_.sinks().output.call(record.name, stream, record.line);
    }
  } catch (const std::exception& problem) {
    tell_thrown(record.what, problem.what());
  } catch (...) {
    tell_thrown(record.what, "something that is no std::exception");
  }
  queue_.guard().end_forked_copy("a sink");
  return is_taken;
}

// Once for each kind: it will throw for every line.
void output_pump::tell_thrown(sink_record::kind kind, const char* what) {
  const bool is_log = kind == sink_record::kind::log;
  auto& has_told = has_told_thrown_[is_log ? 1 : 0];
  if (has_told) return;
  has_told = true;
  const std::string name = is_log ? "the log sink" : "the output sink";
  queue_.log(is_log ? output_way::err : queue_.way_of_log(),
             name + " threw: " + what +
                 "; the line is lost to it, and what it throws from now on "
                 "is not told");
}

} // namespace troupe::detail
