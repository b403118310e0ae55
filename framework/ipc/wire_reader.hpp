// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/detail/inspect.hpp"
#include "troupe/ipc/detail/validity.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace troupe::wire {

/// Makes values from bytes that somebody else wrote, and may still be writing.
///
/// Every fact is loaded once into memory of our own, checked, and then used. A count is compared
/// with the bytes that are there before anything is allocated, so a message cannot make the reader
/// allocate more than its own size times (size of an element / least bytes of one).
/// Views (std::span, std::string_view) are the exception: they look at the bytes themselves, whose
/// content may change under the caller if the other process is hostile.
///
/// Lives in: any process. Threads: one owner. Blocks: never. Crash: writes nothing shared.
/// Errors: false for bytes that are no such value; bad_alloc when out of memory.
class reader {
public:
  explicit reader(std::span<const std::byte> bytes) noexcept
      : base_{bytes.data()}, at_{base_}, end_{base_ + bytes.size()} {}

  /// Reads the values in order; after false they are valid but unspecified, and so is the position.
  template<class... Ts>
  [[nodiscard]] bool read(Ts&... out) {
    (require_decodable<Ts>(), ...);
    if constexpr (detail::all_fixed<Ts...>) {
      // One comparison for all of them.
      if (left() < detail::size_min<Ts...>) return false;
      return (get_fixed(out) && ...);
    } else {
      return (get(out) && ...);
    }
  }

  /// Reads a vector of raw elements and appends them to `out`; after false, perhaps some of them.
  template<class E>
  [[nodiscard]] bool read_more(std::vector<E>& out) {
    std::size_t count{};
    if (!open_run<E>(count)) return false;
    const auto before = out.size();
    if (reinterpret_cast<std::uintptr_t>(at_) % alignof(E) == 0) {
      const auto* first = reinterpret_cast<const E*>(at_);
      out.insert(out.end(), first, first + count); // Writes each element once; resize would twice.
      at_ += count * sizeof(E);
    } else {
      out.resize(before + count);
      load(out.data() + before, count * sizeof(E));
    }
    seal(out);
    if constexpr (detail::needs_check<E>()) {
      return std::all_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                         [](const E& one) { return detail::is_valid(one); });
    }
    return true;
  }

  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::size_t position() const noexcept {
    return static_cast<std::size_t>(at_ - base_);
  }

private:
  struct load_inspector : detail::inspector_base<load_inspector, true> {
    explicit load_inspector(reader& from) noexcept : source{from} {}
    bool nothing() {
      std::uint8_t zero{};
      return source.get(zero);
    }
    template<class F>
    bool handle(F& field) {
      require_decodable<F>();
      return source.get(field);
    }
    reader& source;
  };

  /// Keeps the compiler from loading again from shared memory what it has loaded into `value`.
  template<class T>
  static void seal(T& value) noexcept {
    if constexpr ((std::is_integral_v<T> || std::is_enum_v<T>)&&sizeof(T) <= sizeof(void*)) {
      asm volatile("" : "+r"(value));
    } else {
      asm volatile("" : : : "memory");
    }
  }

  void load(void* to, std::size_t size) noexcept {
    std::memcpy(to, at_, size);
    at_ += size;
  }

  template<class T>
  bool number(T& out) noexcept {
    if (left() < sizeof(T)) return false;
    load(&out, sizeof(T));
    seal(out);
    return true;
  }

  /// @pre the bytes are there
  template<class T>
  bool get_fixed(T& out) {
    constexpr auto k = detail::kind_of<T>();
    if constexpr (k == detail::kind::empty) {
      ++at_; // Its one byte may be somebody else's padding in `out`.
      return true;
    } else if constexpr (k == detail::kind::boolean) {
      std::uint8_t bits{};
      load(&bits, 1);
      seal(bits);
      out = bits == 1;
      return bits <= 1;
    } else if constexpr (detail::raw<T>()) {
      load(&out, sizeof(T));
      seal(out);
      return detail::is_valid(out);
    } else {
      return get_parts(out, [this](auto& part) { return this->get_fixed(part); });
    }
  }

  template<class T>
  bool get(T& out) {
    constexpr auto k = detail::kind_of<T>();
    if constexpr (detail::all_fixed<T>) {
      return left() >= detail::size_min<T> && get_fixed(out);
    } else if constexpr (k == detail::kind::array || k == detail::kind::tuple ||
                         k == detail::kind::aggregate) {
      return get_parts(out, [this](auto& part) { return this->get(part); });
    } else {
      return get_flexible(out) && detail::is_accepted(out);
    }
  }

  template<class T, class F>
  bool get_parts(T& out, F get_one) {
    const auto all = [&](auto&... parts) { return (get_one(parts) && ...); };
    if constexpr (detail::kind_of<T>() == detail::kind::array) {
      for (auto& one : out) {
        if (!get_one(one)) return false;
      }
      return detail::is_accepted(out);
    } else if constexpr (detail::kind_of<T>() == detail::kind::tuple) {
      return std::apply(all, out) && detail::is_accepted(out);
    } else {
      return detail::visit_fields(out, all) && detail::is_accepted(out);
    }
  }

  template<class T>
  bool get_flexible(T& out) {
    constexpr auto k = detail::kind_of<T>();
    if constexpr (k == detail::kind::optional || k == detail::kind::pointer) {
      return get_optional(out);
    } else if constexpr (k == detail::kind::variant) {
      std::uint8_t index{};
      return number(index) && get_alternative<0>(out, index);
    } else if constexpr (k == detail::kind::inspected) {
      return get_inspected(out);
    } else if constexpr (k == detail::kind::path) {
      std::basic_string_view<typename T::value_type> text;
      if (!get_run(text)) return false;
      out = T{typename T::string_type{text}};
      return true;
    } else if constexpr (k == detail::kind::view) {
      return get_run(out);
    } else if constexpr (k == detail::kind::bulk) {
      return get_bulk(out);
    } else {
      return get_elements(out);
    }
  }

  template<class T>
  bool get_optional(T& out) {
    bool has_value{};
    out.reset();
    if (!get(has_value)) return false;
    if (!has_value) return true;
    if constexpr (detail::kind_of<T>() == detail::kind::optional) {
      return get(out.emplace());
    } else {
      out = T(new typename T::element_type());
      return get(*out);
    }
  }

  template<std::size_t I, class T>
  bool get_alternative(T& out, std::uint8_t index) {
    if constexpr (I == std::variant_size_v<T>) {
      return false;
    } else {
      return index == I ? get(out.template emplace<I>()) : get_alternative<I + 1>(out, index);
    }
  }

  template<class T>
  bool get_inspected(T& out) {
    if (++depth_ > detail::nesting_max) return false;
    auto inspector = load_inspector{*this};
    const bool ok = static_cast<bool>(inspect(inspector, out));
    --depth_;
    return ok;
  }

  /// Reads the count of a run and skips to its elements, which are all there then.
  template<class E>
  bool open_run(std::size_t& count) noexcept {
    std::uint32_t stored{};
    if (!number(stored)) return false;
    const auto gap = detail::padding(position(), stored * sizeof(E), alignof(E));
    if (gap > left()) return false;
    at_ += gap;
    count = stored;
    return count <= left() / sizeof(E);
  }

  /// Makes `out` look at the elements of a run in place.
  template<class V>
  bool get_run(V& out) noexcept {
    using element = std::remove_cvref_t<decltype(*out.data())>;
    std::size_t count{};
    if (!open_run<element>(count)) return false;
    if (count != 0 && reinterpret_cast<std::uintptr_t>(at_) % alignof(element) != 0) return false;
    out = V{reinterpret_cast<const element*>(at_), count};
    at_ += count * sizeof(element);
    return true;
  }

  template<class T>
  bool get_bulk(T& out) {
    using element = typename T::value_type;
    std::size_t count{};
    if (!open_run<element>(count)) return false;
    if (reinterpret_cast<std::uintptr_t>(at_) % alignof(element) == 0) {
      const auto* first = reinterpret_cast<const element*>(at_);
      out.assign(first, first + count);
      at_ += count * sizeof(element);
    } else {
      out.resize(count);
      if (count != 0) load(out.data(), count * sizeof(element));
    }
    seal(out);
    if constexpr (detail::needs_check<element>()) {
      for (const auto& one : out) {
        if (!detail::is_valid(one)) return false;
      }
    }
    return true;
  }

  template<class T>
  bool get_elements(T& out) {
    constexpr auto k = detail::kind_of<T>();
    out.clear();
    std::size_t count{};
    if constexpr (k == detail::kind::map) {
      constexpr auto least = detail::size_min<typename T::key_type, typename T::mapped_type>;
      if (!open_list(count, least)) return false;
      for (; count != 0; --count) {
        typename T::key_type key{};
        typename T::mapped_type mapped{};
        if (!get(key) || !get(mapped)) return false;
        out.emplace(std::move(key), std::move(mapped));
      }
    } else {
      using element = std::remove_const_t<typename T::value_type>;
      if constexpr (detail::raw<element>()) {
        if (!open_run<element>(count)) return false;
      } else if (!open_list(count, detail::size_min<element>)) {
        return false;
      }
      if constexpr (k == detail::kind::sequence && requires { out.reserve(count); }) {
        // No more than is there: elements may be far larger here than they are in the message.
        const auto room = left() / sizeof(element) + 1;
        out.reserve(count < room ? count : room);
      }
      for (; count != 0; --count) {
        element one{};
        if (!get_counted(one)) return false;
        if constexpr (k == detail::kind::set) {
          out.emplace(std::move(one));
        } else {
          out.push_back(std::move(one));
        }
      }
    }
    return true;
  }

  /// Reads one element of a run; if all take the same size, `open_list` has seen that all are
  /// there.
  template<class T>
  bool get_counted(T& out) {
    if constexpr (detail::all_fixed<T>) {
      return get_fixed(out);
    } else {
      return get(out);
    }
  }

  /// Reads the count of a run whose elements take at least `least` bytes each.
  bool open_list(std::size_t& count, std::size_t least) noexcept {
    std::uint32_t stored{};
    if (!number(stored)) return false;
    count = stored;
    return least != 0 && count <= left() / least;
  }

  const std::byte* base_;
  const std::byte* at_;
  const std::byte* end_;
  int depth_ = 0;
};

} // namespace troupe::wire
