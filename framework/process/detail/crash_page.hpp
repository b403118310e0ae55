// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <vector>

namespace troupe::detail {

inline constexpr std::uint32_t crash_frames_max = 64;

/// What a dying worker wrote about its crash; plain numbers, none of them to be trusted.
struct crash_data {
  std::int32_t signal = 0; ///< 0: it wrote nothing.
  std::uint64_t fault_address = 0;
  std::uint64_t program_counter = 0;
  std::vector<std::uint64_t> frames; ///< At most `crash_frames_max`, innermost first.
};

/// A page that a zygote shares with one worker, for the worker's last words.
///
/// Lives in: zygote (made before the fork) and worker. Threads: one owner. Blocks: never.
/// Crash: this is what it is for; a half-written page reads as "wrote nothing".
/// Errors: when the machine has no page, the worker simply has no last words.
class crash_page {
public:
  crash_page() noexcept = default;
  static crash_page create() noexcept;
  crash_page(crash_page&& other) noexcept;
  crash_page& operator=(crash_page&& other) noexcept;
  ~crash_page();

  /// In the zygote after the fork: children forked later do not get this page.
  void exclude_from_fork() const noexcept;
  /// In the worker: writes signal and stack to the page when the process crashes, then lets the
  /// signal kill it as if nobody had looked.
  void install_handlers() const noexcept;
  /// In the zygote, after the worker's death.
  [[nodiscard]] crash_data read() const;

  struct layout;

private:
  layout* page_ = nullptr;
};

/// Loads what unwinding needs, so that a handler never has to. Once, before the first fork.
void prepare_unwinding() noexcept;

} // namespace troupe::detail
