// Part of Troupe; see LICENSE.

#include "troupe/process/detail/executed_child.hpp"

#include "troupe/os/spawn.hpp"
#include "troupe/process/detail/zygote_child.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

// Of the packed list of modules, which follows.
using list_size = std::uint32_t;

// Without it, a child has no last words; no reason not to start it.
os::shared_memory make_last_words(const start_message& message) {
  if (message.kind != child_kind::worker) return {};
  try {
    auto out = os::shared_memory::create("troupe-last-words", last_words_bytes,
                                         os::write_access::everybody);
    out.exclude_from_fork();
    return out;
  } catch (const std::system_error&) {
    return {};
  }
}

// Already for its static constructors: what they print goes where all goes that it prints.
os::standard_streams streams_of(const start_message& message, const std::vector<int>& numbers) {
  os::standard_streams out;
  std::size_t next = 0;
  const auto take = [&](int& stream, bool is_passed, output_mode mode) {
    if (is_passed) {
      stream = numbers[next++];
    } else if (mode == output_mode::discard) {
      stream = os::standard_streams::null;
    }
  };
  take(out.out, message.has_out, message.options.out);
  take(out.err, message.has_err, message.options.err);
  take(out.in, message.has_in, output_mode::inherit);
  return out;
}

[[noreturn]] void refuse_role(const char* why) {
  std::fprintf(stderr, "troupe: this process was started to be a worker, but %s\n", why);
  std::_Exit(EXIT_FAILURE);
}

} // namespace

expected<executed_child> execute_child(start_message message,
                                       const std::vector<os::fd>& descriptors) {
  executed_child out;
  try {
    auto [own, theirs] = os::unix_socket::make_pair();
    out.last_words = make_last_words(message);
    message.has_last_words = static_cast<bool>(out.last_words);
    message.wants_report = needs_report(message);
    std::vector<int> numbers;
    for (const auto& descriptor : descriptors) numbers.push_back(descriptor.get());
    if (out.last_words) numbers.push_back(out.last_words.descriptor().get());
    // It lies in the socket before there is anybody to read it.
    if (const auto sent = own.send(encode(message), numbers); !sent) return sent.error();
    out.last_words.close_descriptor();
    auto started = os::spawn_own_image(worker_role_variable, theirs.descriptor(), {},
                                       streams_of(message, numbers));
    if (!started) return started.error();
    out.pid = started->pid;
    out.handle = std::move(started->handle);
    if (message.wants_report) out.report.reset(own.release());
  } catch (const std::system_error& problem) {
    return system_failure(problem.what(), problem.code().value());
  }
  return out;
}

void read_last_words(const os::shared_memory& memory, exited_message& out) {
  out.crash = crash_arena::read_at(memory.data());
  if (out.crash.signal == 0) return;
  const auto list = memory.bytes().subspan(crash_arena::page_bytes);
  list_size size = 0;
  std::memcpy(&size, list.data(), sizeof size);
  if (size > list.size() - sizeof size) return;
  // A copy: a child of the dead may still write here.
  std::vector<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), list.data() + sizeof size, size);
  if (auto modules = decode_modules(bytes)) out.modules = std::move(*modules);
}

void write_module_places(std::span<std::byte> last_words) {
  const auto bytes = encode(own_module_places());
  const auto list = last_words.subspan(crash_arena::page_bytes);
  const auto size = static_cast<list_size>(bytes.size());
  if (bytes.size() > list.size() - sizeof size) return;
  std::memcpy(list.data(), &size, sizeof size);
  std::memcpy(list.data() + sizeof size, bytes.data(), bytes.size());
}

void become_executed_child(os::unix_socket zygote, int zygote_pid) {
  std::vector<std::byte> bytes(zygote_message_bytes_max);
  auto received = zygote.receive(bytes);
  if (!received) refuse_role("its request cannot be read from the socket of its zygote");
  auto message = decode_start(std::span{bytes}.first(received->size_bytes));
  if (!message) refuse_role("the socket of its zygote has something else than its request");
  if (received->descriptors.size() != message->descriptors_in_all()) {
    refuse_role("it may not open the descriptors that it needs; raise the limit of open files");
  }
  os::fd report;
  if (message->wants_report) {
    // Close-on-exec, unlike the one that came by exec.
    if (auto copy = zygote.descriptor().duplicate()) report = std::move(*copy);
  }
  zygote = os::unix_socket{};
  run_child({std::move(*message), std::move(received->descriptors), std::move(report), zygote_pid});
}

} // namespace troupe::detail
