// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/emitter.hpp"

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <vector>

namespace troupe::pipeline::detail {

// What a callable takes and gives.
template<class R, class... Args>
struct signature {
  using result = R;
  using args = std::tuple<Args...>;
  static constexpr std::size_t arity = sizeof...(Args);
};
template<class F>
struct signature_of : signature_of<decltype(&F::operator())> {};
template<class R, class... A>
struct signature_of<R (*)(A...)> : signature<R, A...> {};
template<class R, class... A>
struct signature_of<R (*)(A...) noexcept> : signature<R, A...> {};
template<class R, class C, class... A>
struct signature_of<R (C::*)(A...)> : signature<R, A...> {};
template<class R, class C, class... A>
struct signature_of<R (C::*)(A...) const> : signature<R, A...> {};
template<class R, class C, class... A>
struct signature_of<R (C::*)(A...) noexcept> : signature<R, A...> {};
template<class R, class C, class... A>
struct signature_of<R (C::*)(A...) const noexcept> : signature<R, A...> {};

template<class S, std::size_t I>
using argument = std::remove_cvref_t<std::tuple_element_t<I, typename S::args>>;

// The type of the messages that come out: a plain emitter may give anything.
template<class T>
struct result_message {
  using type = T;
};
template<class T>
struct result_message<std::optional<T>> {
  using type = T;
};
template<class T>
struct result_message<std::vector<T>> {
  using type = std::conditional_t<std::is_same_v<T, std::byte>, std::vector<T>, T>;
};
template<class E>
struct emitter_message {
  using type = std::vector<std::byte>;
};
template<class T>
struct emitter_message<emits<T>> {
  using type = T;
};

template<class S, std::size_t EmitterAt>
consteval auto output_of() {
  if constexpr (S::arity > EmitterAt) {
    return std::type_identity<typename emitter_message<argument<S, EmitterAt>>::type>{};
  } else {
    return std::type_identity<
        typename result_message<std::remove_cvref_t<typename S::result>>::type>{};
  }
}

} // namespace troupe::pipeline::detail
