// Part of Troupe; see LICENSE.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

/// Records in shared memory, one behind the other: written by one process, only ever appended to.
namespace troupe::detail {

struct library_records_header {
  std::atomic<std::uint64_t> used_bytes; // Behind the header; records that are complete.
};
static_assert(sizeof(library_records_header) == 8);

/// Lives in: host. Threads: one at a time. Blocks: never. Crash: a record that was not counted does
/// not exist.
class library_record_writer {
public:
  explicit library_record_writer(std::span<std::byte> memory) noexcept
      : header_{reinterpret_cast<library_records_header*>(memory.data())}, room_{memory.subspan(
                                                                               sizeof *header_)} {}

  /// False when there is no room.
  bool append(std::span<const std::byte> record) noexcept {
    const auto size = static_cast<std::uint32_t>(record.size());
    if (room_.size() < sizeof size + record.size()) return false;
    std::memcpy(room_.data(), &size, sizeof size);
    std::memcpy(room_.data() + sizeof size, record.data(), record.size());
    room_ = room_.subspan(sizeof size + record.size());
    used_ += sizeof size + record.size();
    // SYNC(library_records): release; the reader's acquire sees the bytes of what is counted.
    header_->used_bytes.store(used_, std::memory_order_release);
    return true;
  }

private:
  library_records_header* header_;
  std::span<std::byte> room_;
  std::uint64_t used_ = 0;
};

/// Lives in: worker. Threads: one at a time. Blocks: never.
class library_record_reader {
public:
  explicit library_record_reader(std::span<const std::byte> memory) noexcept
      : header_{reinterpret_cast<const library_records_header*>(memory.data())},
        records_{memory.subspan(sizeof *header_)} {}

  /// Calls `use(record)` for each record that came since the last call.
  template<class F>
  void read_new(F&& use) {
    // SYNC(library_records): acquire; see the writer's release.
    const auto used = header_->used_bytes.load(std::memory_order_acquire);
    std::uint32_t size = 0;
    while (at_ + sizeof size <= used && used <= records_.size()) {
      std::memcpy(&size, records_.data() + at_, sizeof size);
      if (used - at_ - sizeof size < size) return;
      use(records_.subspan(at_ + sizeof size, size));
      at_ += sizeof size + size;
    }
  }

private:
  const library_records_header* header_;
  std::span<const std::byte> records_;
  std::uint64_t at_ = 0;
};

} // namespace troupe::detail
