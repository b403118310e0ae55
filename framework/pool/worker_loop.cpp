// Part of Troupe; see LICENSE.

#include "troupe/pool/worker_loop.hpp"

#include "troupe/base/clock.hpp"
#include "troupe/ipc/worker_end.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/pool/lane_port.hpp"
#include "troupe/pool/remote_exception.hpp"
#include "troupe/pool/worker_setup.hpp"
#include "troupe/process/function_address.hpp"
#include "troupe/process/library_list.hpp"
#include "troupe/process/throw_stack.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

namespace troupe {

namespace {

// Reading the clock costs as much as a short task: time every eighth, and every one at first.
constexpr std::uint64_t sample_every = 8;
constexpr int exit_code_of_bad_setup = 70; // EX_SOFTWARE

bool is_ending = false;

worker_identity& identity() {
  static worker_identity who;
  return who;
}

class ring_reply final : public reply_sink {
public:
  explicit ring_reply(ipc::worker_end& end) : end_{end} {}

  std::span<std::byte> room(std::size_t size_bytes) override {
    if (size_bytes > ipc::payload_bytes_max) {
      throw error{errc::too_large, "a result of " + std::to_string(size_bytes) +
                                       " bytes is more than one answer can carry (" +
                                       std::to_string(ipc::payload_bytes_max) +
                                       " bytes, whatever the output arena); return it in parts"};
    }
    auto room = end_.reply_room(size_bytes);
    if (room.size() != size_bytes) {
      throw error{errc::too_large, "a result of " + std::to_string(size_bytes) +
                                       " bytes is larger than the pool's output arena of " +
                                       std::to_string(end_.reply_bytes_max()) +
                                       "; raise pool_options::output_arena_bytes"};
    }
    size_bytes_ = size_bytes;
    return room;
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  void reset() noexcept { size_bytes_ = 0; }

private:
  ipc::worker_end& end_;
  std::size_t size_bytes_ = 0;
};

task_function task_function_at(std::uint64_t code) {
  return reinterpret_cast<task_function>(const_cast<void*>(require_code(code_address{code})));
}

// Addresses seen lately; a lookup walks the loaded modules.
class code_cache {
public:
  task_function require(std::uint64_t code) {
    auto& known = entries_[(code >> 4) % entries_.size()];
    if (known.code != code || known.function == nullptr) {
      known.function = task_function_at(code);
      known.code = code;
    }
    return known.function;
  }

private:
  struct entry {
    std::uint64_t code = 0;
    task_function function = nullptr;
  };
  std::array<entry, 64> entries_{};
};

void send_error(ipc::worker_end& end, std::uint64_t run_time_ns) {
  static const auto name = identity().pool + "/" + std::to_string(identity().slot);
  const auto bytes = encode_current_exception("", {.worker = name, .pid = os::this_process::pid()});
  auto room = end.reply_room(bytes.size());
  if (room.size() == bytes.size() && !bytes.empty()) {
    std::memcpy(room.data(), bytes.data(), bytes.size());
  }
  end.publish(static_cast<std::uint8_t>(reply_kind::error), room.size(), run_time_ns);
}

void run_tasks(ipc::worker_end& end) {
  code_cache codes;
  ring_reply reply{end};
  ipc::received_job job;
  end_throw_stacks_at(__builtin_frame_address(0));
  for (std::uint64_t count = 0; end.next(job); ++count) {
    const bool is_sampled = count < sample_every || count % sample_every == 0;
    const auto start = is_sampled ? clock::now() : time_point{};
    const auto run_time_ns = [&]() -> std::uint64_t {
      if (!is_sampled) return 0;
      return static_cast<std::uint64_t>((clock::now() - start).count()) | 1;
    };
    reply.reset();
    try {
      codes.require(job.code)(job.payload, reply);
      if (reply.size_bytes() == 0) (void)end.reply_room(0);
      end.publish(static_cast<std::uint8_t>(reply_kind::value), reply.size_bytes(), run_time_ns());
    } catch (const throw_probe&) {
      // Never entered; it looks from where the exception was thrown.
    } catch (...) {
      send_error(end, run_time_ns());
    }
  }
}

class no_reply final : public reply_sink {
public:
  std::span<std::byte> room(std::size_t size_bytes) override {
    bytes_.resize(size_bytes);
    return bytes_;
  }

private:
  std::vector<std::byte> bytes_;
};

void run_initializer(const worker_setup& setup) {
  if (setup.initializer_code == 0) return;
  no_reply ignored;
  task_function_at(setup.initializer_code)(setup.initializer_payload, ignored);
}

} // namespace

const worker_identity& this_worker() noexcept {
  return identity();
}

bool is_worker_ending() noexcept {
  return is_ending;
}

detail::worker_state_holder& detail::held_worker_state() noexcept {
  static worker_state_holder holder;
  return holder;
}

int run_worker(std::span<os::fd> descriptors, std::span<const std::byte> setup_bytes) {
  if (descriptors.size() != 6) return exit_code_of_bad_setup;
  const auto setup = decode_setup(setup_bytes);
  identity() = {setup.pool, setup.slot, setup.incarnation, true};
  const auto map = [&](std::size_t i, std::size_t size_min, bool is_writable) {
    auto memory = os::shared_memory::map(descriptors[i], size_min, is_writable).value();
    memory.exclude_from_fork();
    descriptors[i].reset();
    return memory;
  };
  // Children that a task forks keep this one: they may throw and look for functions, too.
  use_library_list(os::shared_memory::map(descriptors[5], library_list_bytes, false).value());
  descriptors[5].reset();
  ipc::worker_end end{map(0, sizeof(ipc::request_region), false),
                      map(1, sizeof(ipc::response_region), true), map(2, 1, false), map(3, 1, true),
                      os::event_fd{std::move(descriptors[4])}};
  run_initializer(setup);
  end.announce_ready();
  run_tasks(end);
  is_ending = true;
  return 0;
}

} // namespace troupe
