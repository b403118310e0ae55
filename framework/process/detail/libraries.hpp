// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/os/shared_memory.hpp"
#include "troupe/process/detail/modules.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The libraries whose functions travel, and the numbers that stand for them in a `code_address`.
///
/// The process that first sends a function of a library gives it a number: 16 bits of its identity,
/// or the next free ones. The others learn number, identity and path, and load the library when a
/// function of it is called: see library_list.hpp. A library that nobody told of is known by the 16
/// bits, if it is loaded.
///
/// Lives in: any process. Threads: any. Blocks: while a library is loaded. Crash: nothing shared.
namespace troupe::detail {

/// A library that was given a number.
struct known_library {
  std::uint16_t number = 0; ///< Never 0: that is the program.
  std::uint64_t identity = 0;
  std::string build;              ///< As in `loaded_module`.
  std::vector<std::string> paths; ///< Where it was found, the best first; at most 2.
};

/// As travels; decoding fails when the bytes are not exactly such a record.
std::vector<std::byte> encode(const known_library& library);
std::optional<known_library> decode_library(std::span<const std::byte> bytes);

/// The number of a module that is loaded here, given on first use. Throws `error` when there are
/// too many, or when two different files have one build id.
std::uint16_t number_of(const loaded_module& module);
/// The same for telling where code lies (a stack): a number that was given, or the 16 bits.
std::uint16_t number_for_naming(const loaded_module& module);

/// What is known of `number`.
std::optional<known_library> find_library(std::uint16_t number);
/// The library with `number` as it is loaded here; where `learn_library` or `learn_libraries_from`
/// was called (in workers), it is loaded if need be. The failure names path and builds.
expected<loaded_module> loaded_library(std::uint16_t number);

/// In a worker: where its libraries lie, for the stack of a later crash. After loading one.
void note_loaded_libraries();

/// Makes known what another process has sent.
void learn_library(const known_library& library);
/// Makes known what is in a `library_list` now or later.
void learn_libraries_from(os::shared_memory list);

/// Where numbers that are given are published. One at a time.
class library_record_sink {
public:
  virtual ~library_record_sink() = default;
  /// False when there is no room. Called under a lock: must not call back.
  virtual bool publish(std::span<const std::byte> record) noexcept = 0;
};
/// Publishes what is known, and from now on what becomes known, as long as `sink` lives.
void publish_libraries_to(const std::shared_ptr<library_record_sink>& sink);

} // namespace troupe::detail
