// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <utility>

namespace troupe::os {

/// An owned file descriptor; closed with the object. Every one is close-on-exec from birth.
///
/// Lives in: any process. Threads: one owner. Blocks: never. Crash: the kernel closes it.
/// Errors: closing does not fail.
class fd {
public:
  static constexpr int none = -1;

  fd() noexcept = default;
  /// Takes ownership of `raw`.
  explicit fd(int raw) noexcept : raw_{raw} {}
  fd(fd&& other) noexcept : raw_{std::exchange(other.raw_, none)} {}
  fd& operator=(fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.raw_, none));
    return *this;
  }
  ~fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return raw_; }
  explicit operator bool() const noexcept { return raw_ != none; }

  /// Gives up ownership.
  [[nodiscard]] int release() noexcept { return std::exchange(raw_, none); }
  /// Closes what is held and holds `raw` instead.
  void reset(int raw = none) noexcept;

  /// Returns a second descriptor of the same file, close-on-exec.
  [[nodiscard]] expected<fd> duplicate() const;

private:
  int raw_ = none;
};

} // namespace troupe::os
