// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pool/call_rules.hpp"
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
    return std::apply(
        [](std::uint64_t, auto&... each) { return last(pass<Ps>(std::move(each))...); }, message);
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

/// One encoded call: its addresses, and its payload in place when it is small.
struct encoded_call {
  static constexpr std::size_t small_bytes_max = 192;

  std::uint64_t code = 0;
  std::uint64_t profile_key = 0;
  std::uint64_t function = 0;
  std::size_t size_bytes = 0;
  alignas(8) std::array<std::byte, small_bytes_max> small;
};

template<class F>
struct pointer_encoder;
template<class R, class... Ps>
struct pointer_encoder<R (*)(Ps...)> {
  static constexpr task_function trampoline = &invoke_pointer<R, Ps...>;
  /// Passes the encoder what each parameter will be decoded into.
  template<class Use, class... As>
  static decltype(auto) with_converted(Use&& use, As&&... arguments) {
    return use.template operator()<std::uint64_t, stored_t<Ps>...>(std::forward<As>(arguments)...);
  }
};
template<class R, class... Ps>
struct pointer_encoder<R (*)(Ps...) noexcept> : pointer_encoder<R (*)(Ps...)> {};

/// An argument that stays as it is while it is measured and written.
template<class A>
decltype(auto) settled(A& argument) {
  if constexpr (std::is_volatile_v<A>) {
    return std::remove_cv_t<A>(argument);
  } else {
    return (argument);
  }
}

/// Encodes a call; `large_room(size)` gives the room for a payload that is not small.
template<class LargeRoom, class F, class... As>
void encode_call(encoded_call& out, LargeRoom&& large_room, F&& f, As&&... arguments) {
  using function = std::decay_t<F>;
  using result = call_result_t<F, As...>;
  [[maybe_unused]] const auto encode_as = [&]<class... Ts>(const auto&... values) {
    out.size_bytes = wire::encoded_size<Ts...>(values...);
    if (out.size_bytes <= encoded_call::small_bytes_max) {
      wire::encode<Ts...>(std::span{out.small}.first(out.size_bytes), values...);
    } else {
      wire::encode<Ts...>(large_room(out.size_bytes), values...);
    }
  };
  if constexpr (!is_task_call<F, As...>()) {
    return; // It does not compile; the one sentence that says why is enough.
  } else if constexpr (pointer_traits<function>::is_function) {
    using encoder = pointer_encoder<function>;
    out.code = code_of<encoder::trampoline>();
    out.profile_key = address_of_code(reinterpret_cast<const void*>(+f)).packed;
    out.function = out.profile_key;
    encoder::with_converted(encode_as, out.profile_key, settled(arguments)...);
  } else if constexpr (std::is_empty_v<function>) {
    out.code = code_of<&invoke_stateless<function, result, stored_t<As>...>>();
    out.profile_key = out.function = out.code;
    encode_as.template operator()<stored_t<As>...>(settled(arguments)...);
  } else {
    out.code = code_of<&invoke_stateful<function, result, stored_t<As>...>>();
    out.profile_key = out.function = out.code;
    encode_as.template operator()<function, stored_t<As>...>(f, settled(arguments)...);
  }
}

} // namespace troupe::detail
