// Part of Troupe; see LICENSE.

#include "troupe/cli/console.hpp"

#include "troupe/os/standard_streams.hpp"
#include "troupe/os/thread.hpp"

#include <cstdio>

namespace troupe::cli {

namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::string_view end_colour = "\x1b[0m";
// How often the writer looks whether it should end while nobody reads.
constexpr auto look_period = std::chrono::milliseconds{100};

// Length of the colour sequence that `text` begins with: ESC [ digits and ; m. 0: none.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

} // namespace

std::string harmless(std::string_view text) {
  std::string out;
  bool has_colour = false;
  while (!text.empty()) {
    if (const auto length = colour_length(text)) {
      out += text.substr(0, length);
      text.remove_prefix(length);
      has_colour = true;
      continue;
    }
    const auto c = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if ((c < 0x20 && c != '\t') || c == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", c);
      out += escape;
    } else {
      out += static_cast<char>(c);
    }
  }
  if (has_colour) out += end_colour;
  return out;
}

console::console(console_options options) : options_{options} {
  thread_ = os::start_thread("troupe-console", [this] { run(); });
}

console::~console() {
  finish();
  {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void console::say(std::string_view text) {
  add("troupe: " + std::string{text} + "\n", when_full::drop);
}

void console::show_output(std::string_view name, std::string_view text) {
  std::string line;
  if (options_.has_colour) line += "\x1b[36m";
  line.append(name).append(" |");
  if (options_.has_colour) line += end_colour;
  line += ' ';
  // A carriage return at the end is how programs end lines for terminals.
  if (text.ends_with('\r')) text.remove_suffix(1);
  line += options_.is_terminal ? harmless(text) : std::string{text};
  add(line + "\n", when_full::wait);
}

bool console::has_room_for(const std::string& line) const {
  return waiting_bytes_ + line.size() <= waiting_bytes_max;
}

bool console::has_stalled() const {
  return is_writing_ && clock::now() >= last_progress_ + stall_limit;
}

// Under the lock: gives up when nobody takes what is being written.
void console::wait_while_read(std::unique_lock<std::mutex>& lock,
                              const std::function<bool()>& is_done) {
  while (!is_done() && !has_stalled()) {
    changed_.wait_until(lock, is_writing_ ? last_progress_ + stall_limit : time_point::max());
  }
}

void console::add(std::string line, when_full what) {
  {
    std::unique_lock lock{mutex_};
    if (what == when_full::wait) wait_while_read(lock, [&] { return has_room_for(line); });
    if (has_room_for(line)) {
      waiting_bytes_ += line.size();
      lines_.push_back(std::move(line));
    } else {
      ++dropped_;
    }
  }
  changed_.notify_all(); // Also of a dropped one: that is told, and `finish` waits for it.
}

void console::show_progress(std::string line) {
  if (!options_.is_terminal) return;
  {
    const std::lock_guard lock{mutex_};
    progress_ = std::move(line);
  }
  changed_.notify_all();
}

void console::finish() {
  show_progress("");
  std::unique_lock lock{mutex_};
  wait_while_read(lock, [this] {
    return lines_.empty() && dropped_ == 0 && shown_progress_ == progress_ && !is_writing_;
  });
}

// Under the lock: all that is to be written now.
std::string console::next_block() {
  std::string block;
  if (!shown_progress_.empty()) block += erase_line;
  for (const auto& line : lines_) block += line;
  if (dropped_ > 0) {
    block +=
        "troupe: " + std::to_string(dropped_) + " lines are missing here: stderr is too slow\n";
  }
  block += progress_;
  lines_.clear();
  waiting_bytes_ = 0;
  dropped_ = 0;
  shown_progress_ = progress_;
  return block;
}

void console::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] {
      return is_stopping_ || !lines_.empty() || dropped_ > 0 || shown_progress_ != progress_;
    });
    if (is_stopping_) return;
    const auto block = next_block();
    is_writing_ = true;
    last_progress_ = clock::now();
    changed_.notify_all(); // There is room again.
    write(lock, block);
    is_writing_ = false;
    changed_.notify_all();
  }
}

void console::write(std::unique_lock<std::mutex>& lock, std::string_view block) {
  while (!block.empty() && !is_stopping_) {
    lock.unlock();
    const auto written = os::write_within(2, block, deadline::after(look_period));
    lock.lock();
    if (written) {
      block.remove_prefix(*written);
      last_progress_ = clock::now();
    } else if (written.error().code != errc::timed_out) {
      return;
    }
  }
}

} // namespace troupe::cli
