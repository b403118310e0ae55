// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/typed_call.hpp"

#include <span>
#include <vector>

/// One task that applies a function to many elements.
namespace troupe::detail {

/// Calls a function pointer that came as an address.
template<class R, class... Ps>
struct pointer_caller {
  std::uint64_t code = 0;

  template<class... As>
  R operator()(As&&... arguments) const {
    return pointer_(std::forward<As>(arguments)...);
  }
  void prepare() { pointer_ = function_address<R(Ps...)>{code_address{code}}.require(); }
  R (*pointer_)(Ps...) = nullptr; // Means something only in the process that called `prepare`.
};

template<class C>
inline constexpr bool is_pointer_caller = false;
template<class R, class... Ps>
inline constexpr bool is_pointer_caller<pointer_caller<R, Ps...>> = true;

template<class F>
struct caller {
  using type = F;
  static const F& make(const F& f) { return f; }
};
template<class R, class... Ps>
struct caller<R (*)(Ps...)> {
  using type = pointer_caller<R, Ps...>;
  static type make(R (*f)(Ps...)) {
    return {.code = address_of_code(reinterpret_cast<const void*>(f)).packed};
  }
};
template<class R, class... Ps>
struct caller<R (*)(Ps...) noexcept> : caller<R (*)(Ps...)> {};

/// Elements as the worker reads them: in place where that is possible.
template<class T>
inline constexpr bool is_read_in_place =
    wire::is_raw<T> && !std::is_same_v<T, bool> && alignof(T) <= 8;
template<class T>
using chunk_items = std::conditional_t<is_read_in_place<T>, std::span<const T>, std::vector<T>>;

/// Nothing, as the result of a function that returns void, so that there is one per element.
struct nothing {};

template<bool IsStar, class Caller, class T>
decltype(auto) call_element(Caller& call, const T& item) {
  if constexpr (IsStar) {
    return std::apply([&](const auto&... each) { return call(each...); }, item);
  } else {
    return call(item);
  }
}

template<bool IsStar, class Caller, class T>
using element_result =
    std::decay_t<decltype(call_element<IsStar>(std::declval<Caller&>(), std::declval<const T&>()))>;

template<bool IsStar, class Caller, class T, class R>
void run_chunk_with(Caller& call, wire::reader& in, reply_sink& reply) {
  chunk_items<T> items;
  if (!in.read(items) || !in.at_end()) {
    throw serialization_error{"the elements of a map cannot be decoded: an inspect refuses them, "
                              "or does not read what it wrote"};
  }
  if constexpr (std::is_void_v<R>) {
    for (const auto& item : items) call_element<IsStar>(call, item);
  } else if constexpr (wire::is_raw<R> && alignof(R) <= wire::transport_alignment) {
    // Straight into the answer, which counts only once it is published as a whole.
    auto* to = wire::open_run<R>(reply.room(wire::run_size<R>(items.size())), items.size());
    for (const auto& item : items) *to++ = call_element<IsStar>(call, item);
  } else {
    std::vector<R> results;
    results.reserve(items.size());
    for (const auto& item : items) results.push_back(call_element<IsStar>(call, item));
    wire::encode(reply.room(wire::encoded_size(results)), results);
  }
}

/// Runs in the worker: one chunk of a map.
template<bool IsStar, class Caller, class T, class R>
void run_chunk(std::span<const std::byte> payload, reply_sink& reply) {
  wire::reader in{payload};
  if constexpr (is_pointer_caller<Caller>) {
    Caller call;
    if (!in.read(call.code)) throw serialization_error{"the function of a map cannot be decoded"};
    call.prepare();
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  } else if constexpr (std::is_empty_v<Caller>) {
    Caller call;
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  } else {
    Caller call;
    if (!in.read(call)) throw serialization_error{"the function of a map cannot be decoded"};
    run_chunk_with<IsStar, Caller, T, R>(call, in, reply);
  }
}

/// Encodes a chunk; as `encode_call`.
template<bool IsStar, class LargeRoom, class F, class Items>
void encode_chunk(encoded_call& out, LargeRoom&& large_room, const F& f, const Items& items) {
  using call = typename caller<F>::type;
  using T = typename Items::value_type;
  using result = element_result<IsStar, call, T>;
  check_call<call, result>();
  if constexpr (!is_pointer_caller<call>) check_function_object<call>();
  out.code = code_of<&run_chunk<IsStar, call, T, result>>();
  out.profile_key = out.function = out.code;
  const auto encode_all = [&](const auto&... values) {
    out.size_bytes = wire::encoded_size(values...);
    if (out.size_bytes <= encoded_call::small_bytes_max) {
      wire::encode(std::span{out.small}.first(out.size_bytes), values...);
    } else {
      wire::encode(large_room(out.size_bytes), values...);
    }
  };
  if constexpr (is_pointer_caller<call>) {
    const auto code = caller<F>::make(f).code;
    out.function = code;
    out.profile_key = code ^ 1; // A chunk takes longer than a call of the same function.
    encode_all(code, items);
  } else if constexpr (std::is_empty_v<call>) {
    encode_all(items);
  } else {
    encode_all(f, items);
  }
}

} // namespace troupe::detail
