// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/pool/chunk_call.hpp"
#include "troupe/pool/pool_options.hpp"
#include "troupe/pool/worker_loop.hpp"

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace troupe {

namespace detail {

/// One address per type.
template<class T>
inline constexpr char type_mark = 0;

/// Calls and keeps the result for `worker_state`.
template<class F, class... As>
void keep_state(F& call, As&&... arguments) {
  using state = std::decay_t<decltype(call(std::forward<As>(arguments)...))>;
  static_assert(!std::is_void_v<state>, "an initializer without a result is made by bind_call");
  held_worker_state() = {std::make_shared<state>(call(std::forward<As>(arguments)...)),
                         &type_mark<state>};
}

/// What travels in place of an initializer: whatever is needed to call it there.
template<class F, bool IsEmpty = std::is_empty_v<F>>
struct state_keeper {
  F call;
  template<class... As>
  void operator()(As&&... arguments) {
    keep_state(call, std::forward<As>(arguments)...);
  }
};

template<class F>
struct state_keeper<F, true> {
  template<class... As>
  void operator()(As&&... arguments) {
    F call;
    keep_state(call, std::forward<As>(arguments)...);
  }
};

template<class R, class... Ps>
struct state_keeper<R (*)(Ps...), false> {
  std::uint64_t code = 0;
  template<class... As>
  void operator()(As&&... arguments) {
    pointer_caller<R, Ps...> call{.code = code};
    call.prepare();
    keep_state(call, std::forward<As>(arguments)...);
  }
};

template<class R, class... Ps>
struct state_keeper<R (*)(Ps...) noexcept, false> : state_keeper<R (*)(Ps...), false> {};

} // namespace detail

/// A call for `pool_options::initializer` whose result each worker keeps: a connection, a model, a
/// table. Its tasks reach it by `worker_state<R>()`. The result itself never travels, so it may be
/// of any type; the rules for `f` and its arguments are those of `pool::submit`.
template<class F, class... As>
bound_call bind_initializer(F&& f, As&&... arguments) {
  using function = std::decay_t<F>;
  if constexpr (detail::pointer_traits<function>::is_function) {
    detail::state_keeper<function> keeper;
    keeper.code = address_of_code(reinterpret_cast<const void*>(+f)).packed;
    return bind_call(keeper, std::forward<As>(arguments)...);
  } else if constexpr (std::is_empty_v<function>) {
    return bind_call(detail::state_keeper<function>{}, std::forward<As>(arguments)...);
  } else {
    return bind_call(detail::state_keeper<function>{std::forward<F>(f)},
                     std::forward<As>(arguments)...);
  }
}

/// In a task: what `bind_initializer(f, ...)` made in this worker, where `f` returns `T`. Throws
/// invalid_state where there is none of that type.
template<class T>
T& worker_state() {
  const auto& held = detail::held_worker_state();
  if (held.type != &detail::type_mark<T>) {
    throw invalid_state{"this process has no worker state of that type: it is made by "
                        "pool_options::initializer = bind_initializer(f, ...), where f returns it"};
  }
  return *static_cast<T*>(held.value.get());
}

} // namespace troupe
