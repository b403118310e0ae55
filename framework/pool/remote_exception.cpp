// Part of Troupe; see LICENSE.

#include "troupe/pool/remote_exception.hpp"

#include "troupe/ipc/wire.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/pool/detail/exception_bases.hpp"
#include "troupe/pool/detail/exception_codecs.hpp"
#include "troupe/pool/exception_text.hpp"
#include "troupe/process/code_name.hpp"
#include "troupe/process/throw_stack.hpp"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>

namespace troupe {

namespace {

constexpr std::size_t what_size_max = 16 * 1024;
constexpr std::size_t trace_size_max = 64 * 1024;
constexpr std::size_t name_size_max = 1024;
constexpr std::size_t state_size_max = 256 * 1024;
constexpr int nested_max = 8;

std::string cut(std::string_view text, std::size_t size_max) {
  if (text.size() <= size_max) return std::string{text};
  constexpr std::string_view mark = " [cut]";
  return std::string{text.substr(0, size_max - mark.size())}.append(mark);
}

/// In the worker only: the host must not feed foreign text to the demangler.
std::string demangled(const char* name) {
  int status = 0;
  char* const readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string out = readable != nullptr ? readable : name;
  std::free(readable);
  return out;
}

void add_causes(const std::nested_exception* outer, std::string& trace, int depth = 0);

/// The line of the exception that is being handled, and of what is nested in it.
void add_cause(std::string& trace, int depth) {
  if (!trace.empty() && trace.back() != '\n') trace += '\n';
  trace += "caused by: ";
  if (const auto types = detail::types_of_current_exception(); !types.empty()) {
    trace += demangled(types.front()->name()) + ": ";
  }
  trace += text_of_current_exception(name_size_max);
  try {
    throw;
  } catch (const std::nested_exception& inner) {
    add_causes(&inner, trace, depth);
  } catch (...) {
    // The innermost.
  }
}

/// Appends "caused by: type: text" for the exceptions nested in `outer`. One that was made outside
/// of a handler holds none, and must not be asked to rethrow it: that ends the process.
void add_causes(const std::nested_exception* outer, std::string& trace, int depth) {
  if (depth == nested_max || outer->nested_ptr() == nullptr) return;
  try {
    outer->rethrow_nested();
  } catch (...) {
    add_cause(trace, depth + 1);
  }
}

/// Fills in type, type_name, what and trace.
/// @pre an exception is being handled
void describe_current(remote_facts& facts) {
  if (const auto types = detail::types_of_current_exception(); !types.empty()) {
    facts.type = types.front()->name();
    facts.type_name = demangled(types.front()->name());
  } else {
    facts.type_name = "an exception of another language";
  }
  facts.what = text_of_current_exception(what_size_max);
  try {
    throw;
  } catch (const std::nested_exception& outer) {
    add_causes(&outer, facts.trace);
  } catch (...) {
    // Nothing is nested in it.
  }
}

/// An exception that came from a worker of this worker is passed on as what it was there. False: it
/// is none of those.
bool pass_on_origin(remote_facts& facts) {
  try {
    throw;
  } catch (const remote_context& inner) {
    const auto& origin = inner.facts();
    facts.type = origin.type;
    facts.type_name = origin.type_name;
    facts.what = origin.what;
    const auto came =
        "\nfrom worker " + origin.worker + " (pid " + std::to_string(origin.pid) + ")";
    facts.trace += came + (origin.trace.empty() ? "" : ":\n" + origin.trace);
    return true;
  } catch (...) {
    return false; // Thrown here.
  }
}

/// Whether it can travel as `type`, which it is or is derived from; if so, fills that in, and what
/// the text does not tell.
bool save_as(remote_facts& facts, const std::string& type) {
  const auto codec = detail::find_exception_codec(type);
  if (!codec || type.size() > name_size_max) return false;
  try {
    auto state = codec->save();
    if (state.size() > state_size_max) return false;
    facts.type = type;
    facts.state = std::move(state);
    return true;
  } catch (...) {
    return false; // Its inspect refuses it, or it only claims to be of this type.
  }
}

/// Chooses what the host makes of it: its own type, or the nearest base that can travel; only
/// std::exception itself says less than a remote_error. Where nothing fits, its text arrives.
/// @pre an exception is being handled, which `facts` describe
void save_state(remote_facts& facts, bool is_passed_on) {
  if (save_as(facts, facts.type)) return;
  if (!is_passed_on) {
    for (const auto* base : detail::types_of_current_exception()) {
      if (*base != typeid(std::exception) && save_as(facts, base->name())) return;
    }
  }
  if (detail::find_exception_codec(facts.type) || facts.type.size() > name_size_max) {
    facts.type.clear();
  }
}

void add_lines(std::string& text, std::string_view lines) {
  if (lines.empty()) return;
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += lines;
}

/// The stack of the throw in words. The addresses may be anything; what lies in no code of this
/// program gets no name.
std::string name_frames(std::span<const std::uint64_t> frames) {
  std::string out;
  for (std::size_t i = 0; i < std::min(frames.size(), throw_frames_max); ++i) {
    std::string line = "#";
    line += std::to_string(i);
    line += ' ';
    line += cut(name_of_code(code_address{frames[i]}), name_size_max);
    add_lines(out, line);
  }
  return out;
}

/// The exception that `facts` describe, or a remote_error, or null if they contradict themselves.
std::exception_ptr make_exception(const remote_facts& facts) {
  if (const auto codec = detail::find_exception_codec(facts.type)) {
    try {
      return codec->make(facts);
    } catch (...) {
      // The constructor of a registered type refuses the text; the text itself must not be lost.
    }
  }
  return std::make_exception_ptr(remote_error{facts});
}

} // namespace

remote_error::remote_error(remote_facts facts)
    : error{errc::task_failed, facts.what}, remote_context{std::move(facts)} {}

std::vector<std::byte> encode_current_exception(std::string_view trace,
                                                remote_origin self) noexcept {
  try {
    remote_facts facts;
    facts.worker = cut(self.worker, name_size_max);
    facts.pid = self.pid != 0 ? self.pid : os::this_process::pid();
    facts.trace = trace;
    facts.thrown_at = take_throw_stack();
    describe_current(facts);
    const bool is_passed_on = pass_on_origin(facts);
    facts.type_name = cut(facts.type_name, name_size_max);
    facts.trace = cut(facts.trace, trace_size_max);
    save_state(facts, is_passed_on);
    return wire::to_bytes(facts);
  } catch (...) {
    return {};
  }
}

std::exception_ptr decode_exception(std::span<const std::byte> bytes, remote_origin known) {
  if (auto facts = wire::decode<remote_facts>(bytes)) {
    if (!known.worker.empty()) facts->worker = known.worker;
    if (known.pid != 0) facts->pid = known.pid;
    auto trace = std::move(known.trace);
    add_lines(trace, name_frames(facts->thrown_at));
    add_lines(trace, facts->trace);
    facts->trace = std::move(trace);
    if (auto made = make_exception(*facts)) return made;
  }
  std::string text = "the task failed, but its worker";
  if (!known.worker.empty()) text.append(" ").append(known.worker);
  text += " sent ";
  text += std::to_string(bytes.size());
  text += " bytes that are no exception: it was out of memory, or its memory is damaged";
  return std::make_exception_ptr(serialization_error{text});
}

} // namespace troupe
