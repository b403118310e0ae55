// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>

namespace troupe {

/// A place in the code of this program or one of its libraries that means the same in every
/// process made from it: module number and offset, packed in 64 bits (16 + 48).
///
/// Module 0 is the program itself. A library has a number that the process which first sends a
/// function of it derives from its build id; workers of a pool are told what the number means and
/// where the library is, and load it when they call the function. That library must be the same: a
/// file whose build id has changed is refused.
struct code_address {
  std::uint64_t packed = 0;
  friend constexpr bool operator==(code_address, code_address) = default;
};

/// The portable address of `function` (any code address). Throws std::invalid_argument when it
/// lies in no executable segment of a loaded module, and `error` when its library cannot be told
/// from another. Threads: any. Cached: about 5 ns, 30 ns in a library that may be unloaded.
code_address address_of_code(const void* function);

/// The local address for `address`, or nullptr when the module is not loaded here (and, in a
/// worker, cannot be loaded) or the offset is not executable. Threads: any. Blocks: while a library
/// is loaded.
const void* resolve_code(code_address address) noexcept;
/// The same; throws `error` that says which library is missing or has changed.
const void* require_code(code_address address);

template<class Signature>
class function_address;

/// A typed `code_address` of a free function.
///
/// Lives in: any process. Threads: a value. Blocks: never. Crash: nothing shared.
/// Errors: making it from a pointer throws as `address_of_code`; `resolve` returns nullptr,
/// `require` throws.
template<class R, class... Args>
class function_address<R(Args...)> {
public:
  using pointer = R (*)(Args...);

  function_address() noexcept = default;
  function_address(pointer function)
      : address_{address_of_code(reinterpret_cast<const void*>(function))} {}
  explicit function_address(code_address address) noexcept : address_{address} {}

  [[nodiscard]] code_address address() const noexcept { return address_; }
  /// The function in this process, or nullptr.
  [[nodiscard]] pointer resolve() const noexcept {
    return reinterpret_cast<pointer>(const_cast<void*>(resolve_code(address_)));
  }
  /// The function in this process; throws as `require_code`.
  [[nodiscard]] pointer require() const {
    return reinterpret_cast<pointer>(const_cast<void*>(require_code(address_)));
  }

private:
  code_address address_;
};

} // namespace troupe
