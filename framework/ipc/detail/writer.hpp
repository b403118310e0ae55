// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/assert.hpp"
#include "troupe/ipc/detail/inspect.hpp"

#include <cstring>
#include <limits>

namespace troupe::wire::detail {

[[noreturn]] void throw_too_many(std::size_t count);
[[noreturn]] void throw_too_deep();
[[noreturn]] void throw_valueless();
[[noreturn]] void throw_refused(std::string_view type);

/// Adds up what the writer would write.
class sizer {
public:
  [[nodiscard]] constexpr std::size_t position() const noexcept { return position_; }
  constexpr void raw(const void*, std::size_t size) noexcept { position_ += size; }
  constexpr void skip(std::size_t size) noexcept { position_ += size; }
  template<class T>
  constexpr void number(T) noexcept {
    position_ += sizeof(T);
  }
  void enter() {
    if (++depth_ > nesting_max) throw_too_deep();
  }
  void leave() noexcept { --depth_; }

private:
  std::size_t position_ = 0;
  int depth_ = 0;
};

/// Writes into room that was sized before; running out of it is a broken contract (a container
/// that was changed in between, an `inspect` that does not repeat itself). Not checked by each
/// step where the size is a constant.
template<bool Checked>
class writer {
public:
  constexpr explicit writer(std::span<std::byte> room) noexcept
      : base_{room.data()}, at_{base_}, end_{base_ + room.size()} {}

  [[nodiscard]] constexpr std::size_t position() const noexcept {
    return static_cast<std::size_t>(at_ - base_);
  }
  void raw(const void* from, std::size_t size) noexcept {
    if (size == 0) return; // memcpy wants no null, even for nothing.
    check(size);
    std::memcpy(at_, from, size);
    at_ += size;
  }
  void skip(std::size_t size) noexcept {
    check(size);
    for (; size != 0; --size) *at_++ = std::byte{0};
  }
  template<class T>
  void number(T value) noexcept {
    raw(&value, sizeof value);
  }
  void enter() noexcept {}
  void leave() noexcept {}

private:
  void check(std::size_t size) const noexcept {
    if constexpr (Checked) TROUPE_ASSERT(size <= static_cast<std::size_t>(end_ - at_));
  }

  std::byte* base_;
  std::byte* at_;
  std::byte* end_;
};

template<class Out, class T>
constexpr void put(Out& out, const T& value);

template<class Out>
struct save_inspector : inspector_base<save_inspector<Out>, false> {
  explicit save_inspector(Out& target) noexcept : out{target} {}
  bool nothing() {
    out.skip(1);
    return true;
  }
  template<class F>
  bool handle(const F& field) {
    put(out, field);
    return true;
  }
  Out& out;
};

template<class Out>
void put_count(Out& out, std::size_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) throw_too_many(count);
  out.number(static_cast<std::uint32_t>(count));
}

/// A count, then the elements; raw elements are aligned, so that they can be read in place.
template<class Out, class T>
void put_elements(Out& out, const T& all) {
  const std::size_t count = all.size();
  put_count(out, count);
  if constexpr (kind_of<T>() == kind::map) {
    for (const auto& [key, mapped] : all) {
      put(out, key);
      put(out, mapped);
    }
  } else {
    using element = std::remove_cv_t<typename T::value_type>;
    if constexpr (raw<element>()) {
      out.skip(padding(out.position(), count * sizeof(element), alignof(element)));
    }
    if constexpr (std::is_same_v<Out, sizer> && all_fixed<element>) {
      out.skip(count * size_min<element>);
    } else if constexpr (raw<element>() && requires { all.data(); }) {
      out.raw(all.data(), count * sizeof(element));
    } else {
      static_assert(size_min<element> > 0, "troupe: a container of elements without any content");
      for (const element& one : all) {
        if constexpr (raw<element>()) {
          out.raw(&one, sizeof one);
        } else {
          put(out, one);
        }
      }
    }
  }
}

template<class Out, class T>
void put_inspected(Out& out, const T& value) {
  auto inspector = save_inspector<Out>{out};
  out.enter();
  // CAF's convention: one `inspect` with a mutable reference serves both ways.
  if (!static_cast<bool>(inspect(inspector, const_cast<T&>(value)))) throw_refused(type_name<T>());
  out.leave();
}

template<class Out, class T>
constexpr void put(Out& out, const T& value) {
  constexpr kind k = kind_of<T>();
  static_assert(k != kind::refused);
  if constexpr (k == kind::empty) {
    out.skip(1);
  } else if constexpr (raw<T>()) {
    out.raw(&value, sizeof value);
  } else if constexpr (k == kind::array) {
    for (const auto& one : value) put(out, one);
  } else if constexpr (k == kind::tuple) {
    std::apply([&](const auto&... parts) { (put(out, parts), ...); }, value);
  } else if constexpr (k == kind::aggregate) {
    visit_fields(value, [&](const auto&... fields) { (put(out, fields), ...); });
  } else if constexpr (k == kind::optional || k == kind::pointer) {
    const bool has_value = static_cast<bool>(value);
    out.number(static_cast<std::uint8_t>(has_value));
    if (has_value) put(out, *value);
  } else if constexpr (k == kind::variant) {
    if (value.valueless_by_exception()) throw_valueless();
    out.number(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& one) { put(out, one); }, value);
  } else if constexpr (k == kind::path) {
    put_elements(out, value.native());
  } else if constexpr (k == kind::inspected) {
    put_inspected(out, value);
  } else {
    put_elements(out, value);
  }
}

} // namespace troupe::wire::detail
