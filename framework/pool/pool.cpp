// Part of Troupe; see LICENSE.

#include "troupe/pool/pool.hpp"

#include "troupe/pool/option_checks.hpp"
#include "troupe/pool/pool_core.hpp"
#include "troupe/process/output_writer.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace troupe {

namespace {
using detail::loan_header_bytes;
} // namespace

loan::loan(std::shared_ptr<pool_core> core, large_payload room, std::span<std::byte> bytes) noexcept
    : core_{std::move(core)}, room_{room}, bytes_{bytes} {}

loan::loan(loan&& other) noexcept
    : core_{std::move(other.core_)}, room_{std::exchange(other.room_, {})}, bytes_{std::exchange(
                                                                                other.bytes_, {})} {
}

loan& loan::operator=(loan&& other) noexcept {
  std::swap(core_, other.core_);
  std::swap(room_, other.room_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

loan::~loan() {
  if (!core_) return;
  if (core_->is_forked_copy()) {
    os::leak(std::move(core_));
    return;
  }
  core_->give_up_room(room_);
}

std::span<std::byte> loan::bytes() const {
  if (core_) core_->refuse_forked_copy();
  return bytes_;
}

pool::large_room::~large_room() {
  core_.give_up_room(payload);
}

std::span<std::byte> pool::large_room::operator()(std::size_t size_bytes) {
  payload = core_.reserve(size_bytes);
  return {payload.data, size_bytes};
}

pool::pool(const pool_options& options)
    : core_{pool_core::make(make_settings(options), shared_environment())} {}

pool::~pool() {
  if (!core_) return;
  if (core_->is_forked_copy()) {
    os::leak(std::move(core_)); // With the environment that it holds.
    return;
  }
  core_->abandon_handle();
}

pool::pool(pool&&) noexcept = default;

pool& pool::operator=(pool&& other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

task_state* pool::send(const detail::encoded_call& call, large_room& room,
                       const task_options& options) {
  const bool has_options = options.timeout != duration::zero() || options.max_attempts != 0;
  if (has_options) option_checks::check(options);
  return core().submit(
      {.code = call.code,
       .profile_key = call.profile_key,
       .function = call.function,
       .payload = std::span{call.small}.first(room.payload.data == nullptr ? call.size_bytes : 0),
       .large = room.payload.data == nullptr ? nullptr : &room.payload,
       .timeout = options.timeout,
       .attempts_max = static_cast<std::uint16_t>(options.max_attempts)});
}

loan pool::loan_buffer(std::size_t size_bytes) {
  // A sum that went round would be small.
  const auto header_bytes = std::min(loan_header_bytes, ~std::size_t{0} - size_bytes);
  const auto room = core().reserve(header_bytes + size_bytes);
  return loan{core_, room, {room.data + loan_header_bytes, size_bytes}};
}

task_state* pool::send_loan(std::uint64_t code, std::uint64_t function, loan& buffer) {
  if (buffer.core_.get() != &core() || buffer.room_.data == nullptr) {
    throw std::invalid_argument{"a loaned buffer can only be submitted to the pool it came from, "
                                "and only once"};
  }
  auto room = std::exchange(buffer.room_, {});
  std::memcpy(room.data, &function, sizeof function);
  buffer.bytes_ = {};
  const task_call call{
      .code = code, .profile_key = function, .function = function, .payload = {}, .large = &room};
  try {
    return core_->submit(call);
  } catch (...) {
    core_->give_up_room(room);
    throw;
  }
}

pool_core& pool::core() const {
  if (!core_) throw invalid_state{"this pool was moved from; it has no workers"};
  core_->refuse_forked_copy();
  return *core_;
}

void pool::close() {
  core().close();
}

bool pool::join(duration span) {
  return core().join(deadline::after(span));
}

void pool::terminate() {
  core().terminate();
}

pool_counters pool::stats() const {
  return core().counters();
}

std::size_t pool::size() const noexcept {
  return core_ ? core_->settings().replicas : 0;
}

std::vector<int> pool::worker_pids() const {
  return core().worker_pids();
}

namespace detail {

void log_callback_exception() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& e) {
      output_writer::log_for_process(std::string{"a callback threw: "} + e.what() +
                                     "; it should catch what it throws");
    } catch (...) {
      output_writer::log_for_process("a callback threw something that is no std::exception");
    }
  } catch (...) {
    // Out of memory: nothing can be said.
  }
}

} // namespace detail

} // namespace troupe
