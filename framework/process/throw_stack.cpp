// Part of Troupe; see LICENSE.

#include "troupe/process/throw_stack.hpp"

#include "troupe/process/detail/libraries.hpp"
#include "troupe/process/detail/modules.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>
#include <unwind.h>

#ifdef __GLIBCXX__
// In no header. Its address is all we want. NOLINTNEXTLINE
extern "C" _Unwind_Reason_Code __gxx_personality_v0(int, _Unwind_Action, _Unwind_Exception_Class,
                                                    _Unwind_Exception*, _Unwind_Context*);
#endif

namespace troupe {

namespace {

struct remembered_stack {
  std::uintptr_t end = UINTPTR_MAX; // Frames above it are not looked at.
  std::size_t count = 0;
  std::array<std::uintptr_t, throw_frames_max + 1> frames{}; // The outermost is the catcher's.
};

constinit thread_local remembered_stack last_throw;

} // namespace

void end_throw_stacks_at(const void* frame) noexcept {
  last_throw.end = frame == nullptr ? UINTPTR_MAX : reinterpret_cast<std::uintptr_t>(frame);
}

std::vector<std::uint64_t> take_throw_stack() {
  std::vector<std::uint64_t> out;
  const auto count = std::exchange(last_throw.count, 0);
  if (count == 0) return out;
  const auto modules = detail::loaded_modules();
  for (const auto address : std::span{last_throw.frames}.first(count)) {
    const auto home = std::find_if(modules.begin(), modules.end(), [&](const auto& module) {
      return address >= module.begin && address < module.end;
    });
    if (home == modules.end()) continue;
    out.push_back(detail::pack(detail::number_for_naming(*home), address - home->base));
  }
  return out;
}

#ifdef __GLIBCXX__

namespace {

// Between the throw expression and the look at it lie frames of the C++ library: the personality
// routine that asks, below it the unwinder and what `throw` calls (under ASan that is no function
// we can name), below it what `throw;` and `rethrow_exception` call.
class library_frames {
public:
  /// True while the walk is still inside of them.
  bool hold(std::uintptr_t address) noexcept {
    if (is_behind_) return false;
    void* const code = reinterpret_cast<void*>(address); // NOLINT(performance-no-int-to-ptr)
    const void* const function = _Unwind_FindEnclosingFunction(code);
    if (!was_asked_) {
      was_asked_ = is_one(function, &__gxx_personality_v0);
      return true;
    }
    if (left_ > 0) {
      --left_;
      return true;
    }
    is_behind_ = !is_thrower(function);
    return !is_behind_;
  }

private:
  template<class F>
  static bool is_one(const void* function, F* known) noexcept {
    return function == reinterpret_cast<const void*>(known);
  }
  static bool is_thrower(const void* function) noexcept {
    return is_one(function, &abi::__cxa_throw) || is_one(function, &abi::__cxa_rethrow) ||
           is_one(function, &std::rethrow_exception);
  }

  bool was_asked_ = false; // The personality routine was seen.
  int left_ = 2;           // The unwinder and its caller come next.
  bool is_behind_ = false;
};

_Unwind_Reason_Code remember_frame(_Unwind_Context* context, void* argument) noexcept {
  auto& library = *static_cast<library_frames*>(argument);
  auto& stack = last_throw;
  if (_Unwind_GetCFA(context) >= stack.end || stack.count == stack.frames.size()) {
    return _URC_END_OF_STACK;
  }
  int is_before_instruction = 0;
  const auto address = _Unwind_GetIPInfo(context, &is_before_instruction);
  if (address == 0) return _URC_END_OF_STACK;
  if (library.hold(address)) return _URC_NO_REASON;
  // A return address may already belong to the next line, or to the next function.
  stack.frames[stack.count++] = is_before_instruction != 0 ? address : address - 1;
  return _URC_NO_REASON;
}

} // namespace

namespace detail {

// What `catch (const throw_probe&)` names in the unwind tables. The standard library asks it
// whether it catches an exception, in the first of two passes over the stack.
class probe_type final : public std::type_info {
public:
  probe_type() noexcept : std::type_info{"N6troupe11throw_probeE"} {}

  // NOLINTNEXTLINE(bugprone-reserved-identifier): the standard library calls it so.
  bool __do_catch(const std::type_info*, void**, unsigned) const override {
    last_throw.count = 0;
    library_frames library;
    _Unwind_Backtrace(remember_frame, &library);
    // The catcher itself, unless the stack is cut before it.
    const bool has_end = last_throw.end != UINTPTR_MAX;
    if (last_throw.count == last_throw.frames.size() || has_end) {
      last_throw.count -= std::min<std::size_t>(last_throw.count, 1);
    }
    return false;
  }
};

} // namespace detail

// The name that the compiler gives to the type information of `throw_probe`, which no unit defines
// because none defines its destructor, the key function.
extern const detail::probe_type throw_probe_type asm("_ZTIN6troupe11throw_probeE");
const detail::probe_type throw_probe_type;

#else

throw_probe::~throw_probe() = default;

#endif

} // namespace troupe
