// Part of Troupe; see LICENSE.

#include "troupe/actors/command_child.hpp"

#include "troupe/base/shortage.hpp"
#include "troupe/base/worker_text.hpp"
#include "troupe/os/executable.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/pipeline/worker_errors.hpp"
#include "troupe/pool/worker_loop.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <system_error>
#include <utility>

extern "C" char** environ; // NOLINT: the standard library has no other name for it.

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;

// A command that has closed its output and lives on is killed after this.
constexpr auto end_patience = 5s;
// For the end that a command makes of the end of its input, when its worker is to end.
constexpr auto ending_patience = 1s;
constexpr std::size_t read_bytes = 64 * 1024;
// A longer line without an end is not of the protocol, and would fill the memory.
constexpr std::size_t line_bytes_max = 64 * 1024 * 1024;

std::string find_program(const std::string& name) {
  auto found = os::find_executable(name);
  if (!found.problem.empty()) throw stage_failed{found.problem};
  return std::move(found.path);
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

// The configuration leaves what only a worker knows to the worker.
std::vector<std::string> for_this_worker(const std::vector<std::string>& argv) {
  std::map<std::string, std::string> names;
  for (const auto& variable : environment()) {
    const auto end = variable.find('=');
    if (end != std::string::npos) names.emplace(variable.substr(0, end), variable.substr(end + 1));
  }
  std::vector<std::string> out;
  for (const auto& word : argv) out.push_back(text::expand_for_worker(word, names));
  return out;
}

// In the child: becomes the command, or tells errno through `trouble`.
[[noreturn]] void become(const std::string& program, const std::vector<std::string>& argv,
                         const os::fd& in, const os::fd& out, const os::fd& trouble, int parent) {
  if (os::this_process::parent_pid() != parent) std::_Exit(127); // Nobody reads what it would say.
  std::signal(SIGPIPE, SIG_DFL);
  int problem = os::this_process::set_standard_stream(0, in.get());
  if (problem == 0) problem = os::this_process::set_standard_stream(1, out.get());
  if (problem == 0) problem = os::replace_image(program, argv, environment());
  static_cast<void>(os::write_some(trouble, std::as_bytes(std::span{&problem, 1})));
  std::_Exit(127);
}

} // namespace

command_child::command_child(const std::vector<std::string>& argv) {
  if (argv.empty()) throw stage_failed{"config.command is empty; name a program"};
  std::signal(SIGPIPE, SIG_IGN); // A command that stops reading is seen as an error of the write.
  start(for_this_worker(argv));
}

void command_child::start(const std::vector<std::string>& argv) {
  const auto program = find_program(argv.front());
  auto in = os::make_pipe();
  auto out = os::make_pipe(os::pipe_blocking::reader_does_not_block);
  auto trouble = os::make_pipe();
  const int parent = os::this_process::pid();
  const int pid = os::fork_single_threaded();
  if (pid == 0) become(program, argv, in.reader, out.writer, trouble.writer, parent);
  const auto refuse = [&](int error) {
    const auto what = "cannot start " + program + " (" + std::string{shortage_text(error)} + ")";
    throw std::system_error{error, std::generic_category(), what};
  };
  if (pid < 0) refuse(-pid);
  if (auto held = os::pidfd::open(pid)) {
    process_ = *std::move(held);
  } else {
    os::end_unheld_child(pid);
    refuse(held.error().os_error);
  }
  pid_ = pid;
  in_ = std::move(in.writer);
  out_ = std::move(out.reader);
  trouble.writer.reset();
  int problem = 0;
  const auto told = os::read_some(trouble.reader, std::as_writable_bytes(std::span{&problem, 1}));
  if (told && *told == sizeof(problem)) {
    // No destructor runs for what was never made.
    static_cast<void>(process_.wait_exited(deadline::after(end_patience)));
    static_cast<void>(process_.reap());
    throw stage_failed{os::explain_exec_failure(program, problem) + ": " +
                       std::generic_category().message(problem)};
  }
}

command_child::~command_child() {
  if (!process_) return;
  if (is_worker_ending()) {
    // It sees the end of its input first; what is left is asked by the zygote and has its time.
    if (std::exchange(in_, {})) process_.wait_exited(deadline::after(ending_patience));
    return;
  }
  process_.signal(SIGKILL);
  static_cast<void>(process_.wait_exited(deadline::after(end_patience)));
  static_cast<void>(process_.reap());
}

std::uint64_t command_child::send(std::string_view line) {
  if (sent_ == outgoing_.size()) {
    outgoing_.clear();
    sent_ = 0;
  }
  outgoing_ += line;
  outgoing_ += '\n';
  return sent_bytes_ + (outgoing_.size() - sent_);
}

void command_child::exchange(deadline limit) {
  waiting_.clear();
  const bool wants_send = in_ && !has_sent_all();
  const auto room = wants_send ? waiting_.add(in_.get(), true) : 0;
  const auto answer = out_ ? waiting_.add(out_.get()) : 0;
  if (!wants_send && !out_) return;
  waiting_.wait(limit);
  if (out_ && waiting_.is_readable(answer)) receive_some();
  // An error on the pipe counts as readable: the write then says that nobody reads.
  if (wants_send && (waiting_.is_writable(room) || waiting_.is_readable(room))) send_some();
}

// The pipe blocks, because the command shares it; but a pipe with room takes this much at once.
void command_child::send_some() {
  const auto next = std::string_view{outgoing_}.substr(sent_, PIPE_BUF);
  const auto written = os::write_some(in_, std::as_bytes(std::span{next}));
  if (written) {
    sent_ += *written;
    sent_bytes_ += *written;
  } else {
    close_input();
  }
}

void command_child::receive_some() {
  std::array<std::byte, read_bytes> block; // NOLINT: filled by read_some.
  const auto size = os::read_some(out_, block);
  if (!size) {
    if (size.error().code != errc::would_block) out_.reset();
    return;
  }
  if (read_ > 0) {
    incoming_.erase(0, read_);
    read_ = 0;
  }
  if (incoming_.size() > line_bytes_max) {
    throw stage_failed{"the command wrote a line longer than 64 MiB"};
  }
  incoming_.append(reinterpret_cast<const char*>(block.data()), *size);
}

std::optional<std::string_view> command_child::next_line() {
  const auto rest = std::string_view{incoming_}.substr(read_);
  const auto end = rest.find('\n', searched_);
  if (end != std::string_view::npos) {
    read_ += end + 1;
    searched_ = 0;
    is_line_open_ = false;
    return rest.substr(0, end);
  }
  searched_ = rest.size();
  if (out_ || rest.empty()) return std::nullopt;
  read_ = incoming_.size();
  searched_ = 0;
  is_line_open_ = true;
  return rest;
}

std::optional<std::size_t> command_child::read(std::span<std::byte> into, deadline limit) {
  while (out_) {
    const auto size = os::read_some(out_, into);
    if (size) return *size;
    if (size.error().code != errc::would_block) out_.reset();
    if (limit.has_passed()) break;
    if (!out_) return 0;
    waiting_.clear();
    static_cast<void>(waiting_.add(out_.get()));
    waiting_.wait(limit);
  }
  return out_ ? std::nullopt : std::optional<std::size_t>{0};
}

// The pipe lives on as long as an end of it is open: what is in it can be counted afterwards.
void command_child::close_input() {
  if (!in_) return;
  if (auto reader = os::open_reader(in_)) leftover_ = *std::move(reader);
  in_.reset();
}

void command_child::count_unread() {
  std::array<std::byte, read_bytes> block; // NOLINT: filled by read_some.
  while (leftover_) {
    const auto size = os::read_some(leftover_, block);
    if (!size) return leftover_.reset();
    unread_bytes_ += *size;
    const auto end = block.begin() + static_cast<std::ptrdiff_t>(*size);
    unread_lines_ += static_cast<std::uint64_t>(std::count(block.begin(), end, std::byte{'\n'}));
  }
}

exit_status command_child::end() {
  close_input();
  out_.reset();
  if (!process_.wait_exited(deadline::after(end_patience))) {
    process_.signal(SIGKILL);
    static_cast<void>(process_.wait_exited(deadline::never()));
  }
  const auto status = process_.reap();
  process_ = {};
  count_unread();
  return status ? from_wait_status(*status) : exit_status::unknown();
}

} // namespace troupe::actors
