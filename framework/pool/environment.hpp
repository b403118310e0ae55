// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/launcher.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

class dispatcher;
class call_runner;
class supervision_factory;

/// What all pools of a process share; made with the first pool, gone with the last.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: nothing outside the host. Errors: none.
class pool_environment {
public:
  virtual ~pool_environment() = default;
  virtual launcher& processes() = 0;
  virtual dispatcher& dispatch() = 0;
  virtual call_runner& calls() = 0;
  virtual supervision_factory& supervision() = 0;
  /// Takes one line that worker `name` wrote.
  virtual void take_output(std::string_view name, output_stream stream, std::string_view line) = 0;
  /// Takes one line of Troupe's own.
  virtual void log(std::string_view line) = 0;
};

/// Where pools find their environment. The runtime room sets it; rooms below do not know it.
using environment_source = std::shared_ptr<pool_environment> (*)();
void set_environment_source(environment_source source) noexcept;

/// Returns the environment of this process; throws `error` (not_initialised) when `troupe::init`
/// was not called.
std::shared_ptr<pool_environment> shared_environment();

} // namespace troupe
