// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/detail/inspect.hpp"

#include <cstdint>

namespace troupe::wire {

template<class T>
constexpr std::uint64_t fingerprint();

namespace detail {

/// Mixes numbers and text into 64 bits, byte by byte (FNV-1a); the same in every process.
class hasher {
public:
  constexpr void add(std::uint64_t number) noexcept {
    for (int shift = 0; shift < 64; shift += 8) byte((number >> shift) & 0xff);
  }
  constexpr void add(std::string_view text) noexcept {
    add(text.size());
    for (const char c : text) byte(static_cast<unsigned char>(c));
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

private:
  constexpr void byte(std::uint64_t bits) noexcept { value_ = (value_ ^ bits) * 0x100000001b3u; }

  std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// Deeper than this, an object with an `inspect` counts by its name: it may contain itself.
inline constexpr int fingerprint_depth_max = 4;

template<class T>
constexpr void mix(hasher& hash, int depth);

struct fingerprint_inspector : inspector_base<fingerprint_inspector, false> {
  fingerprint_inspector(hasher& target, int at) noexcept : hash{target}, depth{at} {}
  bool nothing() { return true; }
  template<class F>
  bool handle(const F&) {
    mix<F>(hash, depth);
    return true;
  }
  hasher& hash;
  int depth;
};

template<class T>
void mix_inspected(hasher& hash, int depth) {
  hash.add(type_name<T>());
  if constexpr (std::is_default_constructible_v<T>) {
    if (depth < fingerprint_depth_max) {
      T value{};
      auto inspector = fingerprint_inspector{hash, depth + 1};
      // A type that refuses its default value counts by what it showed until then.
      static_cast<void>(inspect(inspector, value));
    }
  }
}

template<class T>
struct mix_parts;
template<class... Ts>
struct mix_parts<type_list<Ts...>> {
  static constexpr void all(hasher& hash, [[maybe_unused]] int depth) {
    hash.add(sizeof...(Ts));
    (mix<Ts>(hash, depth), ...);
  }
};
template<class... Ts>
struct mix_parts<std::tuple<Ts...>> : mix_parts<type_list<Ts...>> {};
template<class... Ts>
struct mix_parts<std::variant<Ts...>> : mix_parts<type_list<Ts...>> {};
template<class A, class B>
struct mix_parts<std::pair<A, B>> : mix_parts<type_list<A, B>> {};

template<class T>
inline constexpr bool is_character =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
    std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

/// Scalars differ by size and family (character, real, signed, unsigned); an enum by its name too.
template<class T>
constexpr void mix_scalar(hasher& hash) {
  hash.add(sizeof(T));
  if constexpr (std::is_enum_v<T>) {
    hash.add(type_name<T>());
    mix_scalar<std::underlying_type_t<T>>(hash);
  } else {
    hash.add(is_character<T>               ? 3u
             : std::is_floating_point_v<T> ? 2u
             : std::is_signed_v<T>         ? 1u
                                           : 0u);
  }
}

/// Containers with the same bytes count as the same: a vector may be sent and a list or a view be
/// received.
constexpr kind family(kind k) noexcept {
  if (k == kind::view || k == kind::bulk || k == kind::set) return kind::sequence;
  if (k == kind::pointer) return kind::optional;
  return k;
}

template<class T>
constexpr void mix(hasher& hash, int depth) {
  constexpr kind k = kind_of<T>();
  hash.add(static_cast<std::uint64_t>(family(k)));
  if constexpr (k == kind::scalar) {
    mix_scalar<T>(hash);
  } else if constexpr (k == kind::opaque || k == kind::empty) {
    hash.add(type_name<T>());
    hash.add(sizeof(T));
  } else if constexpr (k == kind::array) {
    hash.add(sizeof(T) / sizeof(array_element<T>));
    mix<array_element<T>>(hash, depth);
  } else if constexpr (k == kind::tuple || k == kind::variant) {
    mix_parts<T>::all(hash, depth);
  } else if constexpr (k == kind::aggregate) {
    hash.add(type_name<T>());
    hash.add(raw<T>() ? sizeof(T) : 0);
    mix_parts<field_types<T>>::all(hash, depth);
  } else if constexpr (k == kind::inspected) {
    mix_inspected<T>(hash, depth);
  } else if constexpr (k == kind::map) {
    mix<typename T::key_type>(hash, depth);
    mix<typename T::mapped_type>(hash, depth);
  } else if constexpr (k == kind::pointer) {
    mix<typename T::element_type>(hash, depth);
  } else if constexpr (k != kind::boolean && k != kind::path) {
    mix<std::remove_cv_t<typename T::value_type>>(hash, depth);
  }
}

} // namespace detail

/// Returns a number for the structure of `T` (kinds, sizes, fields in order) and the names of the
/// user's types in it: equal in every process that has the same definition, different, but for
/// chance, where bytes written as one type would be misread as another.
/// A constant, unless a type with `inspect` is inside: that one is default-constructed and asked.
template<class T>
constexpr std::uint64_t fingerprint() {
  require_encodable<T>();
  detail::hasher hash;
  detail::mix<T>(hash, 0);
  return hash.value();
}

/// The fingerprint of a list of arguments.
template<class... Ts>
constexpr std::uint64_t fingerprint_of_list() {
  return fingerprint<std::tuple<Ts...>>();
}

} // namespace troupe::wire
