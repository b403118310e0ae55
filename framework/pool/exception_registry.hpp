// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/unique_name.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pool/remote_exception.hpp"

#include <type_traits>
#include <typeinfo>

namespace troupe::detail {

/// How exceptions of one type travel. `save` is called while such an exception is handled, and
/// writes what its text does not tell; `make` returns null for facts that fit no such exception.
struct exception_codec {
  const std::type_info* type;
  std::vector<std::byte> (*save)();
  std::exception_ptr (*make)(const remote_facts& facts);
};

/// An exception of type E that also knows where it came from, with the text that it had there.
template<class E, bool HasWhat = std::is_base_of_v<std::exception, E>>
class rethrown final : public E, public remote_context {
public:
  rethrown(E original, const remote_facts& facts) : E(std::move(original)), remote_context{facts} {}
};

template<class E>
class rethrown<E, true> final : public E, public remote_context {
public:
  rethrown(E original, const remote_facts& facts) : E(std::move(original)), remote_context{facts} {}
  [[nodiscard]] const char* what() const noexcept override { return facts().what.c_str(); }
};

template<class E>
std::exception_ptr rethrowable(E original, const remote_facts& facts) {
  if constexpr (!std::is_class_v<E> || std::is_final_v<E>) {
    return std::make_exception_ptr(std::move(original));
  } else {
    return std::make_exception_ptr(rethrown<E>{std::move(original), facts});
  }
}

inline std::vector<std::byte> save_nothing() {
  return {};
}

/// @pre an exception of type E is being handled
template<class E>
std::vector<std::byte> save_whole() {
  try {
    throw;
  } catch (const E& e) {
    return wire::to_bytes(e);
  }
}

template<class E>
std::exception_ptr make_whole(const remote_facts& facts) {
  auto value = wire::decode<E>(facts.state);
  return value ? rethrowable(E(*std::move(value)), facts) : nullptr;
}

template<class E>
std::exception_ptr make_from_text(const remote_facts& facts) {
  if constexpr (std::is_constructible_v<E, std::string>) {
    return rethrowable(E(facts.what), facts);
  } else if constexpr (std::is_constructible_v<E, const char*>) {
    return rethrowable(E(facts.what.c_str()), facts);
  } else {
    return rethrowable(E(), facts);
  }
}

/// The codec that suits E best: all of it, or its text, or, if it is always the same, nothing.
template<class E>
exception_codec codec_for() {
  static_assert(std::is_move_constructible_v<E> && !std::is_abstract_v<E>);
  if constexpr (wire::decodable<E> && !std::is_empty_v<E>) {
    return {&typeid(E), save_whole<E>, make_whole<E>};
  } else {
    static_assert(
        std::is_constructible_v<E, std::string> || std::is_constructible_v<E, const char*> ||
            std::is_default_constructible_v<E>,
        "troupe: a registered exception must have an inspect (and a default constructor), "
        "or be constructible from its what(), or from nothing");
    return {&typeid(E), save_nothing, make_from_text<E>};
  }
}

/// One registered type; links itself into the list of all, and out of it when its library goes.
///
/// Lives in: any process. Threads: made and destroyed by those that load and unload libraries.
/// Blocks: for other registrations only. Crash: nothing shared. Errors: none.
class exception_registration {
public:
  explicit exception_registration(exception_codec codec) noexcept;
  ~exception_registration();
  exception_registration(const exception_registration&) = delete;
  exception_registration& operator=(const exception_registration&) = delete;

  exception_codec codec;
  exception_registration* next = nullptr;
};

} // namespace troupe::detail

/// At namespace scope: lets exceptions of this type, thrown by a task, arrive as themselves. The
/// type has an `inspect` and a default constructor, or is constructible from its what(), or from
/// nothing.
#define TROUPE_EXCEPTION(...)                                                                      \
  [[maybe_unused]] static const ::troupe::detail::exception_registration                           \
  TROUPE_DETAIL_UNIQUE_NAME(troupe_exception_) {                                                   \
    ::troupe::detail::codec_for<__VA_ARGS__>()                                                     \
  }
