// Part of Troupe; see LICENSE.

#include "troupe/process/detail/debug_info.hpp"

#include "troupe/process/detail/modules.hpp"

#include <cstdlib>
#include <mutex>

#include <cxxabi.h>

// libbacktrace, which comes inside of Boost's stacktrace library. Boost's own functions keep a
// state for each thread that ever asked, and never free it.
extern "C" {
struct backtrace_state;
using backtrace_error_callback = void (*)(void* data, const char* text, int error);
using backtrace_full_callback = int (*)(void* data, std::uintptr_t address, const char* file,
                                        int line, const char* function);
using backtrace_syminfo_callback = void (*)(void* data, std::uintptr_t address, const char* symbol,
                                            std::uintptr_t value, std::uintptr_t size);
backtrace_state* backtrace_create_state(const char* file, int is_threaded,
                                        backtrace_error_callback on_error, void* data);
int backtrace_pcinfo(backtrace_state* state, std::uintptr_t address,
                     backtrace_full_callback on_place, backtrace_error_callback on_error,
                     void* data);
int backtrace_syminfo(backtrace_state* state, std::uintptr_t address,
                      backtrace_syminfo_callback on_symbol, backtrace_error_callback on_error,
                      void* data);
}

namespace troupe::detail {

namespace {

// Each holds the debug information of every module.
constexpr int states_max = 4;
// Functions inlined into each other at one place.
constexpr std::size_t places_max = 16;

std::string demangled(const char* name) {
  int status = 0;
  char* const readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string out = readable != nullptr ? readable : name;
  std::free(readable);
  return out;
}

void ignore_error(void*, const char*, int) {}

int add_place(void* data, std::uintptr_t, const char* file, int line, const char* function) {
  auto& places = *static_cast<std::vector<source_place>*>(data);
  if (function == nullptr) return 0;
  places.push_back({demangled(function), file != nullptr ? file : "", line});
  return places.size() < places_max ? 0 : 1;
}

void add_symbol(void* data, std::uintptr_t, const char* symbol, std::uintptr_t, std::uintptr_t) {
  auto& places = *static_cast<std::vector<source_place>*>(data);
  if (symbol != nullptr) places.push_back({demangled(symbol), {}, 0});
}

class debug_information {
public:
  std::vector<source_place> look_up(std::uintptr_t address) {
    auto out = ask(address);
    if (!out.empty() || !load_newer(address)) return out;
    return ask(address);
  }

private:
  std::vector<source_place> ask(std::uintptr_t address) {
    std::vector<source_place> out;
    if (state_ == nullptr) create();
    if (state_ == nullptr) return out;
    backtrace_pcinfo(state_, address, add_place, ignore_error, &out);
    if (out.empty()) backtrace_syminfo(state_, address, add_symbol, ignore_error, &out);
    return out;
  }

  void create() {
    if (created_ == states_max) return;
    ++created_;
    loads_ = load_count();
    state_ = backtrace_create_state(nullptr, 0, ignore_error, nullptr);
  }

  // A state knows the modules that there were when it was first asked.
  bool load_newer(std::uintptr_t address) {
    if (loads_ == load_count() || created_ == states_max) return false;
    const auto home = module_with_code_at(address);
    if (!home || home->is_permanent) return false;
    create();
    return true;
  }

  backtrace_state* state_ = nullptr; // Never freed: the library cannot.
  int created_ = 0;
  std::uint64_t loads_ = 0; // Libraries loaded until then.
};

} // namespace

std::vector<source_place> places_of_code(std::uintptr_t address) {
  static std::mutex mutex;
  static debug_information information;
  const std::lock_guard lock{mutex};
  auto out = information.look_up(address);
  if (out.empty()) {
    if (const auto symbol = exported_symbol_at(address); !symbol.empty()) {
      out.push_back({demangled(symbol.c_str()), {}, 0});
    }
  }
  return out;
}

} // namespace troupe::detail
