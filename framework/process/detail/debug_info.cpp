// Part of Troupe; see LICENSE.

#include "troupe/process/detail/debug_info.hpp"

#include "troupe/os/memory_use.hpp"
#include "troupe/process/detail/modules.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

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
// With less left until a limit of address space, debug information is not read: it is for those who
// mend the program, and must not take from it what it needs to go on.
constexpr std::uint64_t debug_room_min = std::uint64_t{256} << 20;

// "_ZZN4user3runIiEEvT_ENKUlRT_E_clIiEEDaS2_" -> "user::run::{lambda}": what can be read in a name
// that the C++ library cannot demangle (generic lambdas inside of templates).
std::string readable_part(std::string_view mangled) {
  mangled.remove_prefix(std::min<std::size_t>(2, mangled.size()));
  mangled.remove_prefix(std::min(mangled.find_first_not_of("ZNKVRO"), mangled.size()));
  std::string out;
  const auto add = [&](std::string_view part) {
    if (!out.empty()) out += "::";
    out += part;
  };
  if (mangled.starts_with("St")) {
    add("std");
    mangled.remove_prefix(2);
  }
  for (;;) {
    std::size_t length = 0;
    const auto [end, problem] =
        std::from_chars(mangled.data(), mangled.data() + mangled.size(), length);
    mangled.remove_prefix(static_cast<std::size_t>(end - mangled.data()));
    if (problem != std::errc{} || length > mangled.size()) break;
    const auto part = mangled.substr(0, length);
    add(part.starts_with("_GLOBAL__N_") ? "(anonymous namespace)" : part);
    mangled.remove_prefix(length);
  }
  if (mangled.find("Ul") != std::string_view::npos) add("{lambda}");
  return out;
}

std::string demangled(const char* name) {
  int status = 0;
  char* const readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  const auto has_failed = readable == nullptr && std::string_view{name}.starts_with("_Z");
  auto out = has_failed ? readable_part(name) : std::string{readable != nullptr ? readable : name};
  std::free(readable);
  return out.empty() ? name : out;
}

void ignore_error(void*, const char*, int) {}

// No exception may pass through libbacktrace, which is C and may hold a lock: without memory a
// place stays unnamed.
int add_place(void* data, std::uintptr_t, const char* file, int line,
              const char* function) noexcept {
  auto& places = *static_cast<std::vector<source_place>*>(data);
  if (function == nullptr && file == nullptr) return 0;
  try {
    places.push_back({function != nullptr ? demangled(function) : "",
                      function != nullptr ? function : "", file != nullptr ? file : "", line});
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return places.size() < places_max ? 0 : 1;
}

void add_symbol(void* data, std::uintptr_t, const char* symbol, std::uintptr_t,
                std::uintptr_t) noexcept {
  auto& places = *static_cast<std::vector<source_place>*>(data);
  try {
    if (symbol != nullptr) places.push_back({demangled(symbol), symbol, {}, 0});
  } catch (const std::bad_alloc&) {
    return;
  }
}

// Of a lambda that was inlined the debug information says "operator()" and no more.
void name_inlined_lambdas(std::vector<source_place>& places) {
  const auto& home = places.back().function;
  for (auto place = places.begin(); place != places.end() - 1; ++place) {
    const bool is_bare = place->symbol == place->function;
    if (is_bare && place->function.starts_with("operator()")) {
      place->function = "operator() inlined in " + home;
    }
  }
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
    if (os::address_space_left() < debug_room_min) return out;
    if (state_ == nullptr) create();
    if (state_ == nullptr) return out;
    backtrace_pcinfo(state_, address, add_place, ignore_error, &out);
    // Of a function that is known in its own file only, little debug information has the bare name.
    std::vector<source_place> symbols;
    backtrace_syminfo(state_, address, add_symbol, ignore_error, &symbols);
    if (out.empty()) return symbols;
    if (!symbols.empty()) {
      out.back().function = std::move(symbols.back().function);
      out.back().symbol = std::move(symbols.back().symbol);
    }
    name_inlined_lambdas(out);
    std::erase_if(out, [](const source_place& place) { return place.function.empty(); });
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
      out.push_back({demangled(symbol.c_str()), symbol, {}, 0});
    }
  }
  return out;
}

} // namespace troupe::detail
