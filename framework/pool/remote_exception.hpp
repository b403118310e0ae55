// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a worker tells about an exception. Read from bytes that it wrote: text, not facts.
struct remote_facts {
  std::string type;      ///< Mangled: what it is made again as, itself or its nearest known base.
  std::string type_name; ///< What was thrown, as a person reads it.
  std::string what;      ///< what(), or the value of a thrown string or number.
  std::string trace;     ///< Stack and nested exceptions, one per line; may be empty.
  std::string worker;
  int pid = 0;
  std::vector<std::byte> state; ///< What `what` does not tell: error codes, the fields of a type.
  std::vector<std::uint64_t> thrown_at; ///< Code addresses of the throw, innermost first.
};

/// Where an exception came from. Base of every exception that was rethrown from another process,
/// beside its own type: `dynamic_cast<const troupe::remote_context*>(&e)`.
///
/// Lives in: host. Threads: a value. Blocks: never. Crash: nothing shared. Errors: none.
class remote_context {
public:
  explicit remote_context(remote_facts facts) : facts_{std::move(facts)} {}
  virtual ~remote_context() = default;

  /// The type that was thrown: "my_app::parse_error", "int".
  [[nodiscard]] const std::string& type_name() const noexcept { return facts_.type_name; }
  /// The worker's "pool/slot", and its pid, where they are known.
  [[nodiscard]] const std::string& worker() const noexcept { return facts_.worker; }
  [[nodiscard]] int pid() const noexcept { return facts_.pid; }
  /// The task, the worker's stack when it was thrown ("#0 parse(job&) at parse.cpp:12", innermost
  /// first), and the exceptions nested inside, one per line.
  [[nodiscard]] const std::string& trace() const noexcept { return facts_.trace; }
  [[nodiscard]] const remote_facts& facts() const noexcept { return facts_; }

private:
  remote_facts facts_;
};

/// An exception whose type is neither standard nor registered with TROUPE_EXCEPTION, nor derived
/// from such a one (std::exception itself says too little); what() is the text that it had in the
/// worker.
class remote_error : public error, public remote_context {
public:
  explicit remote_error(remote_facts facts);
};

/// Whose exception it is, if that is known better than the bytes tell.
struct remote_origin {
  std::string_view worker{};
  int pid = 0;
  std::string trace{}; ///< Put before the trace in the bytes.
};

/// Turns the exception that is being handled into bytes; in the worker, inside `catch (...)`. Long
/// texts are cut (16 KiB of what(), 64 KiB of trace). If a `throw_probe` stands before that clause,
/// the bytes tell from where it was thrown. Empty if even that needs too much memory.
[[nodiscard]] std::vector<std::byte> encode_current_exception(std::string_view trace,
                                                              remote_origin self = {}) noexcept;

/// Makes the exception again, in the host: of the same type if it is a standard, one of Troupe's or
/// a registered one, else of the nearest base class that is one (and then also a `remote_context`,
/// unless that type is final, which tells the name of what was thrown), else a `remote_error`.
/// Bytes that are no exception make a `serialization_error`. The trace gets the names of the
/// frames; naming the first one reads the debug information, see `name_of_code`. What `known` says
/// goes before what the bytes say.
[[nodiscard]] std::exception_ptr decode_exception(std::span<const std::byte> bytes,
                                                  remote_origin known = {});

} // namespace troupe
