// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pool/task_port.hpp"
#include "troupe/pool/worker_loop.hpp"
#include "troupe/process/function_address.hpp"

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/// How a typed call becomes bytes in the host and a call again in the worker.
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
template<class A>
using stored_t = typename stored<std::decay_t<A>>::type;

template<class T>
inline constexpr bool is_view = false;
template<>
inline constexpr bool is_view<std::string_view> = true;
template<class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;

/// Calls and sends the result back.
template<class R, class Call>
void reply_with(reply_sink& reply, Call&& call) {
  if constexpr (std::is_void_v<R>) {
    call();
  } else {
    const auto result = call();
    const auto room = reply.room(wire::encoded_size(result));
    wire::encode(room, result);
  }
}

template<class... Ts>
void read_arguments(wire::reader& in, std::tuple<Ts...>& arguments) {
  const bool is_sound =
      std::apply([&](auto&... each) { return (in.read(each) && ...); }, arguments);
  if (!is_sound || !in.at_end()) {
    throw serialization_error{"a task's arguments cannot be decoded: an inspect refuses them, or "
                              "does not read what it wrote"};
  }
}

/// Runs in the worker: a call of a function pointer.
template<class R, class... Ps>
void invoke_pointer(std::span<const std::byte> payload, reply_sink& reply) {
  using pointer = R (*)(Ps...);
  wire::reader in{payload};
  std::tuple<std::uint64_t, stored_t<Ps>...> message;
  read_arguments(in, message);
  // Most workers run one function again and again; finding it walks the loaded modules.
  static std::uint64_t last_code = 0;
  static pointer last = nullptr;
  if (const auto code = std::get<0>(message); code != last_code || last == nullptr) {
    last = function_address<R(Ps...)>{code_address{code}}.require();
    last_code = code;
  }
  reply_with<std::decay_t<R>>(reply, [&] {
    return std::apply([](std::uint64_t, auto&... each) { return last(std::move(each)...); },
                      message);
  });
}

/// A loaned buffer's payload: the function's address, and from here on the bytes, aligned as any.
inline constexpr std::size_t loan_header_bytes = 64;

/// Runs in the worker: a call of a function with a loaned buffer.
template<class R>
void invoke_loan(std::span<const std::byte> payload, reply_sink& reply) {
  std::uint64_t code = 0;
  if (payload.size() < loan_header_bytes) throw serialization_error{"a loaned buffer was cut"};
  std::memcpy(&code, payload.data(), sizeof code);
  auto* const function =
      function_address<R(std::span<const std::byte>)>{code_address{code}}.require();
  reply_with<R>(reply, [&] { return function(payload.subspan(loan_header_bytes)); });
}

/// Runs in the worker: a call of an object without state (a captureless lambda).
template<class F, class R, class... As>
void invoke_stateless(std::span<const std::byte> payload, reply_sink& reply) {
  wire::reader in{payload};
  std::tuple<As...> arguments;
  read_arguments(in, arguments);
  reply_with<R>(reply, [&] {
    return std::apply([](auto&... each) { return F{}(std::move(each)...); }, arguments);
  });
}

/// Runs in the worker: a call of an object whose state came along.
template<class F, class R, class... As>
void invoke_stateful(std::span<const std::byte> payload, reply_sink& reply) {
  wire::reader in{payload};
  std::tuple<F, As...> message;
  read_arguments(in, message);
  reply_with<R>(reply, [&] {
    return std::apply([](F& f, auto&... each) { return f(std::move(each)...); }, message);
  });
}

/// The address of a task function, looked up once per instantiation.
template<task_function Function>
std::uint64_t code_of() {
  static const auto code = address_of_code(reinterpret_cast<const void*>(Function)).packed;
  return code;
}

template<class F>
struct pointer_traits {
  static constexpr bool is_function = false;
};
template<class R, class... Ps>
struct pointer_traits<R (*)(Ps...)> {
  static constexpr bool is_function = true;
  using result = R;
  template<class... As>
  static constexpr bool accepts = std::is_invocable_v<R (*)(Ps...), As...>;
  static constexpr task_function trampoline = &invoke_pointer<R, Ps...>;
  static constexpr bool are_parameters_readable =
      ((!std::is_lvalue_reference_v<Ps> || std::is_const_v<std::remove_reference_t<Ps>>)&&...);

  /// Passes the encoder what each parameter will be decoded into.
  template<class Use, class... As>
  static decltype(auto) with_converted(Use&& use, As&&... arguments) {
    return use.template operator()<std::uint64_t, stored_t<Ps>...>(std::forward<As>(arguments)...);
  }
};
template<class R, class... Ps>
struct pointer_traits<R (*)(Ps...) noexcept> : pointer_traits<R (*)(Ps...)> {};

template<class F, class... As>
struct call_result {
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

/// What every call must satisfy, in sentences.
template<class F, class R, class... As>
consteval void check_call() {
  static_assert(!is_view<R>,
                "troupe: a task must return a value: a view would point into the worker");
  if constexpr (!std::is_void_v<R>) wire::require_decodable<R>();
}

/// What every function object must satisfy.
template<class F>
consteval void check_function_object() {
  static_assert(!std::is_empty_v<F> || std::is_default_constructible_v<F>,
                "troupe: an empty function object must be default-constructible");
  static_assert(std::is_empty_v<F> || wire::decodable<F>,
                "troupe: this function object has state that cannot travel: pass what a lambda "
                "captures as arguments, or use a class with `inspect`");
}

/// One encoded call: its addresses, and its payload in place when it is small.
struct encoded_call {
  static constexpr std::size_t small_bytes_max = 192;

  std::uint64_t code = 0;
  std::uint64_t profile_key = 0;
  std::uint64_t function = 0;
  std::size_t size_bytes = 0;
  alignas(8) std::array<std::byte, small_bytes_max> small;
};

/// Encodes a call; `large_room(size)` gives the room for a payload that is not small.
template<class LargeRoom, class F, class... As>
void encode_call(encoded_call& out, LargeRoom&& large_room, F&& f, As&&... arguments) {
  using function = std::decay_t<F>;
  using traits = pointer_traits<function>;
  const auto encode_as = [&]<class... Ts>(const auto&... values) {
    out.size_bytes = wire::encoded_size<Ts...>(values...);
    if (out.size_bytes <= encoded_call::small_bytes_max) {
      wire::encode<Ts...>(std::span{out.small}.first(out.size_bytes), values...);
    } else {
      wire::encode<Ts...>(large_room(out.size_bytes), values...);
    }
  };
  check_call<function, call_result_t<F, As...>, As...>();
  if constexpr (traits::is_function) {
    static_assert(traits::template accepts<stored_t<As>...> || traits::template accepts<As...>,
                  "troupe: these arguments do not fit the function's parameters");
    static_assert(
        traits::are_parameters_readable,
        "troupe: a task cannot change the caller's objects: take parameters by value or const&");
    out.code = code_of<traits::trampoline>();
    out.profile_key = address_of_code(reinterpret_cast<const void*>(+f)).packed;
    out.function = out.profile_key;
    traits::with_converted(encode_as, out.profile_key, arguments...);
  } else if constexpr (std::is_empty_v<function>) {
    check_function_object<function>();
    using result = call_result_t<F, As...>;
    out.code = code_of<&invoke_stateless<function, result, stored_t<As>...>>();
    out.profile_key = out.function = out.code;
    encode_as.template operator()<stored_t<As>...>(arguments...);
  } else {
    check_function_object<function>();
    using result = call_result_t<F, As...>;
    out.code = code_of<&invoke_stateful<function, result, stored_t<As>...>>();
    out.profile_key = out.function = out.code;
    encode_as.template operator()<function, stored_t<As>...>(f, arguments...);
  }
}

} // namespace troupe::detail
