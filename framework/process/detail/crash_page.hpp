// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::detail {

inline constexpr std::uint32_t crash_frames_max = 64;
inline constexpr std::uint32_t crash_libraries_max = 64;

/// Where a library lies that the zygote does not have.
struct crash_library {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t identity = 0; ///< As in `loaded_module`.
};

/// What a dying worker wrote about its crash; plain numbers, none of them to be trusted.
struct crash_data {
  std::int32_t signal = 0; ///< 0: it wrote nothing.
  std::uint64_t fault_address = 0;
  std::uint64_t program_counter = 0;
  std::vector<std::uint64_t> frames;    ///< At most `crash_frames_max`, innermost first.
  std::vector<crash_library> libraries; ///< At most `crash_libraries_max`.
};

/// Pages that a zygote shares with its workers, one each, for a worker's last words. One mapping
/// for all, so that a fork costs the same however many workers there are.
///
/// Lives in: zygote, and the page of its own in each worker. Threads: one owner. Blocks: never.
/// Crash: this is what it is for; a half-written page reads as "wrote nothing".
/// Errors: a worker for which there is no page has no last words.
class crash_arena {
public:
  static constexpr int no_page = -1;
  static constexpr int pages_max = 4096;

  crash_arena() noexcept;
  ~crash_arena();
  crash_arena(const crash_arena&) = delete;
  crash_arena& operator=(const crash_arena&) = delete;

  /// In the zygote, before the fork: a page that nobody uses, or `no_page`.
  int take();
  /// In the zygote, after the worker's death.
  [[nodiscard]] crash_data read(int page) const;
  void give_back(int page);

  /// In the child: unmaps the pages of the others. For `no_page`, all.
  void keep_only(int page) const noexcept;
  /// In the worker: writes signal and stack to its page when the process crashes, then lets the
  /// signal kill it as if nobody had looked.
  void install_handlers(int page) const noexcept;

  /// The same for a page in other memory, zeroed before and `page_bytes` long.
  static constexpr std::size_t page_bytes = 4096;
  static void install_handlers_at(std::byte* page) noexcept;
  [[nodiscard]] static crash_data read_at(const std::byte* page);

  /// In the worker, after it has loaded a library: where it lies, for the stack of a later crash.
  static void note_library(const crash_library& library) noexcept;

  struct layout;

private:
  [[nodiscard]] layout* at(int page) const noexcept;

  std::byte* begin_ = nullptr;
  std::size_t page_bytes_ = 0;
  std::vector<int> free_; // Last given back, first taken: its memory is there already.
  int never_used_ = 0;
};

/// Loads what unwinding needs, so that a handler never has to. Once, before the first fork.
void prepare_unwinding() noexcept;

} // namespace troupe::detail
