// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/assert.hpp"
#include "troupe/base/error.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace troupe {

/// A value or the reason why there is none. Stands in for std::expected<T, failure>, which g++ 12
/// does not have.
///
/// Lives in: any process. Threads: a value. Blocks: never. Crash: nothing shared.
/// Errors: `value` throws what `raise` makes of the failure.
template<class T>
class [[nodiscard]] expected {
public:
  using value_type = T;

  expected(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  expected(failure cause) : state_{std::in_place_index<1>, std::move(cause)} {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// @pre `has_value()`
  T& operator*() & {
    TROUPE_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const& {
    TROUPE_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T operator*() && {
    TROUPE_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

  /// @pre `!has_value()`
  [[nodiscard]] const failure& error() const {
    TROUPE_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }

  /// Returns the value, or throws what `raise` makes of the failure. From a temporary by value, so
  /// that `for (auto& x : f().value())` is sound.
  T& value() & {
    if (!has_value()) raise(error());
    return **this;
  }
  T value() && {
    if (!has_value()) raise(error());
    return std::move(**this);
  }

private:
  std::variant<T, failure> state_;
};

template<>
class [[nodiscard]] expected<void> {
public:
  using value_type = void;

  expected() = default;
  expected(failure cause) : cause_{std::move(cause)} {}

  [[nodiscard]] bool has_value() const noexcept { return !cause_; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const failure& error() const {
    TROUPE_ASSERT(cause_);
    return *cause_;
  }
  void value() const {
    if (cause_) raise(*cause_);
  }

private:
  std::optional<failure> cause_;
};

} // namespace troupe
