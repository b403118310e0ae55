// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/wire.hpp"

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// What may be called in another process. Each rule that is broken is one sentence, and nothing
/// else is instantiated then, so that the sentence is the first error and the only one.
namespace troupe::detail {

/// What an argument of type `A` is decoded into: a value, or a view into the message.
template<class A>
struct stored {
  using type = std::decay_t<A>;
};
template<>
struct stored<const char*> {
  using type = std::string;
};
template<>
struct stored<char*> {
  using type = std::string;
};
template<class A, class B>
struct stored<std::pair<const A, B>> { // An element of a map.
  using type = std::pair<A, B>;
};
template<class A>
using stored_t = typename stored<std::decay_t<A>>::type;

/// Whether a stored argument is passed to a parameter of type `P` as text with an end.
template<class P, class A>
inline constexpr bool is_text_passed =
    (std::is_same_v<std::decay_t<P>, const char*> ||
     std::is_same_v<std::decay_t<P>, char*>)&&std::is_same_v<std::remove_cvref_t<A>, std::string>;

/// A stored argument as the parameter `P` takes it.
template<class P, class A>
decltype(auto) pass(A&& argument) {
  if constexpr (is_text_passed<P, A>) {
    return const_cast<std::string&>(argument).data(); // Our own copy; it may even be written to.
  } else {
    return std::forward<A>(argument);
  }
}
template<class P, class A>
using passed_t = decltype(pass<P>(std::declval<A>()));

template<class F>
struct pointer_traits {
  static constexpr bool is_function = false;
  static constexpr bool are_parameters_readable = true;
};
template<class R, class... Ps>
struct pointer_traits<R (*)(Ps...)> {
  static constexpr bool is_function = true;
  using result = R;
  static constexpr bool are_parameters_readable =
      ((!std::is_lvalue_reference_v<Ps> || std::is_const_v<std::remove_reference_t<Ps>>)&&...);

  /// Whether arguments of these types, as they are or as they are stored, fit the parameters.
  template<class... As>
  static consteval bool accepts() {
    if constexpr (sizeof...(As) != sizeof...(Ps)) {
      return false;
    } else {
      return (can_store<As, Ps>() && ...) &&
             std::is_invocable_v<R (*)(Ps...), passed_t<Ps, stored_t<Ps>>...>;
    }
  }
  /// Stops the compilation with a sentence when a parameter cannot be made from bytes.
  static consteval bool check_parameters() {
    if constexpr ((wire::decodable<stored_t<Ps>> && ...)) {
      return true;
    } else {
      (wire::require_decodable<stored_t<Ps>>(), ...);
      return false;
    }
  }

private:
  template<class A, class P>
  static consteval bool can_store() {
    return std::is_convertible_v<A, stored_t<P>> ||
           std::is_same_v<std::remove_cvref_t<A>, stored_t<P>>;
  }
};
template<class R, class... Ps>
struct pointer_traits<R (*)(Ps...) noexcept> : pointer_traits<R (*)(Ps...)> {};

/// The result of a call; void where `F` cannot be called, which `is_task_call` refuses.
template<class F, class... As>
struct call_result {
  using type = void;
};
template<class F, class... As>
requires std::is_invocable_v<F&, stored_t<As>...>
struct call_result<F, As...> {
  using type = std::decay_t<std::invoke_result_t<F&, stored_t<As>...>>;
};
template<class R, class... Ps, class... As>
struct call_result<R (*)(Ps...), As...> {
  using type = std::decay_t<R>;
};
template<class R, class... Ps, class... As>
struct call_result<R (*)(Ps...) noexcept, As...> {
  using type = std::decay_t<R>;
};
template<class F, class... As>
using call_result_t = typename call_result<std::decay_t<F>, As...>::type;

template<class>
inline constexpr bool always_false = false;

template<class T>
concept range_like = requires(T& range) {
  std::begin(range);
  std::end(range);
};

/// Whether a function's result can travel; else a sentence.
template<class R>
consteval bool is_result() {
  if constexpr (std::is_void_v<R>) {
    return true;
  } else if constexpr (wire::looks_at_bytes<R>) {
    static_assert(always_false<R>,
                  "troupe: a task must return a value: a view (std::string_view, std::span), or a "
                  "value that holds one, would point into the worker");
    return false;
  } else if constexpr (!wire::decodable<R>) {
    wire::require_decodable<R>();
    return false;
  } else {
    return true;
  }
}

/// Whether `F` is something that can be called in another process at all; else a sentence.
template<class F>
consteval bool is_function_of_task() {
  if constexpr (std::is_member_pointer_v<F>) {
    static_assert(always_false<F>, "troupe: a pointer to a member cannot be sent; pass a lambda: "
                                   "[](const T& x) { return x.member(); }");
    return false;
  } else if constexpr (pointer_traits<F>::is_function) {
    return true;
  } else if constexpr (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) {
    static_assert(always_false<F>, "troupe: a function with C-style variable arguments cannot be "
                                   "sent; pass a lambda that calls it");
    return false;
  } else if constexpr (!std::is_class_v<F>) {
    static_assert(always_false<F>, "troupe: the first argument is no function; pass the function "
                                   "first, then its arguments or the range");
    return false;
  } else if constexpr (std::is_empty_v<F>) {
    static_assert(std::is_default_constructible_v<F>,
                  "troupe: an empty function object must be default-constructible");
    return std::is_default_constructible_v<F>;
  } else if constexpr (wire::type_name<F>().starts_with("std::function<")) {
    static_assert(always_false<F>, "troupe: a std::function hides what it holds, which cannot be "
                                   "sent; pass the function or the lambda itself");
    return false;
  } else {
    static_assert(wire::decodable<F>,
                  "troupe: this function object has state that cannot travel: pass what a lambda "
                  "captures (or std::bind binds) as arguments, or use a class with `inspect`");
    return wire::decodable<F>;
  }
}

/// Whether arguments of an object that is called can travel; else a sentence.
template<class... As>
consteval bool are_arguments() {
  if constexpr ((wire::decodable<stored_t<As>> && ...)) {
    return true;
  } else {
    (wire::require_decodable<stored_t<As>>(), ...);
    return false;
  }
}

/// Whether `f(arguments...)` can be a task; else the compilation stops with one sentence.
template<class F, class... As>
consteval bool is_task_call() {
  using function = std::decay_t<F>;
  using traits = pointer_traits<function>;
  constexpr bool is_called = std::is_invocable_v<function&, stored_t<As>...>;
  if constexpr (range_like<function> && !is_called) {
    static_assert(always_false<F>, "troupe: the first argument is no function; pass the function "
                                   "first, then its arguments or the range");
    return false;
  } else if constexpr (!is_function_of_task<function>()) {
    return false;
  } else if constexpr (traits::is_function) {
    if constexpr (!traits::are_parameters_readable) {
      static_assert(always_false<F>, "troupe: a task cannot change the caller's objects: take "
                                     "parameters by value or const&");
      return false;
    } else if constexpr (!traits::template accepts<As...>()) {
      static_assert(always_false<F>,
                    "troupe: these arguments do not fit the function's parameters");
      return false;
    } else {
      return traits::check_parameters() && is_result<std::decay_t<typename traits::result>>();
    }
  } else if constexpr (!are_arguments<As...>()) {
    return false;
  } else if constexpr (!is_called) {
    static_assert(always_false<F>,
                  "troupe: this function object cannot be called with these arguments; a lambda "
                  "takes them by value or const&, and text arrives as std::string");
    return false;
  } else {
    return is_result<call_result_t<F, As...>>();
  }
}

/// The elements of a range as they travel: what its iterators say, be it a proxy (vector<bool>) or
/// not, without the const of a map's keys.
template<class Iterator>
struct element_of {
  using type = stored_t<decltype(*std::declval<Iterator&>())>;
};
template<class Iterator>
requires requires {
  typename std::iter_value_t<Iterator>;
}
struct element_of<Iterator> {
  using type = stored_t<std::iter_value_t<Iterator>>;
};
template<class Range>
using element_t = typename element_of<decltype(std::begin(std::declval<Range&>()))>::type;

} // namespace troupe::detail
