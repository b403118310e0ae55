// Part of Troupe; see LICENSE.

#include "troupe/process/detail/stack_filter.hpp"

#include "troupe/process/detail/frame_text.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace troupe::detail {

namespace {

bool contains_any(std::string_view text, std::span<const std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// What stands between a worker's main and the user's function. The innermost of them may be a
// lambda or a part of the standard library whose template arguments name them.
bool is_ours(const stack_line& line) {
  static constexpr std::string_view parts[] = {
      "troupe::detail::invoke_pointer<",
      "troupe::detail::invoke_loan<",
      "troupe::detail::invoke_stateless<",
      "troupe::detail::invoke_stateful<",
      "troupe::detail::run_chunk<",
      "troupe::detail::run_chunk_with<",
      "troupe::detail::call_element<",
      "troupe::detail::element_call<",
      "troupe::detail::pointer_caller<",
      "troupe::detail::state_keeper<",
      "troupe::detail::reply_with<",
      "troupe::detail::run_child(",
      "troupe::detail::zygote_loop::",
      "troupe::detail::(anonymous namespace)::call_entry(",
      "troupe::run_worker(",
      "troupe::(anonymous namespace)::run_tasks(",
      "troupe::(anonymous namespace)::run_initializer(",
      "troupe::(anonymous namespace)::run_pipeline_job(",
      "troupe::pipeline::detail::",
      "troupe::pipeline::session::",
      "troupe::pipeline::serve_job(",
  };
  // Of names that cannot be demangled.
  static constexpr std::string_view mangled_parts[] = {
      "6troupe6detail14invoke_pointerI",   "6troupe6detail11invoke_loanI",
      "6troupe6detail16invoke_statelessI", "6troupe6detail15invoke_statefulI",
      "6troupe6detail9run_chunkI",         "6troupe6detail14run_chunk_withI",
      "6troupe6detail12call_elementI",     "6troupe6detail12element_callI",
      "6troupe6detail14pointer_callerI",   "6troupe6detail12state_keeperI",
      "6troupe6detail10reply_withI",       "6troupe8pipeline6detail",
      "6troupe8pipeline7session",
  };
  return contains_any(line.text, parts) || contains_any(line.symbol, mangled_parts);
}

bool is_of_system_library(const stack_line& line) {
  static constexpr std::string_view starts[] = {
      "libc.so",   "libc-",    "libpthread", "ld-linux", "libstdc++.so", "libc++",
      "libgcc_s.", "libm.so",  "linux-vdso", "libasan.", "libubsan.",    "libtsan.",
      "liblsan.",  "libdl.so", "ld64.so",    "librt.so", "ld-musl"};
  return std::any_of(std::begin(starts), std::end(starts),
                     [&](auto start) { return line.module.starts_with(start); });
}

// Of a program that has the libraries inside.
bool is_way_to_abort(const stack_line& line) {
  static constexpr std::string_view names[] = {"__pthread_kill_implementation",
                                               "__pthread_kill_internal",
                                               "pthread_kill",
                                               "__pthread_kill",
                                               "gsignal",
                                               "raise",
                                               "__GI_raise",
                                               "abort",
                                               "__GI_abort",
                                               "__assert_fail",
                                               "__assert_fail_base",
                                               "__assert_fail_base.cold",
                                               "__libc_message",
                                               "malloc_printerr",
                                               "__stack_chk_fail",
                                               "__fortify_fail",
                                               "__chk_fail",
                                               "__restore_rt",
                                               "std::terminate",
                                               "std::__terminate",
                                               "std::__replacement_assert",
                                               "std::__glibcxx_assert_fail",
                                               "__cxxabiv1::__terminate",
                                               "__gnu_cxx::__verbose_terminate_handler",
                                               "__cxa_throw",
                                               "__cxa_rethrow",
                                               "__cxa_pure_virtual",
                                               "__cxa_call_terminate",
                                               "__clang_call_terminate",
                                               "__gxx_personality_v0",
                                               "_Unwind_Resume",
                                               "_Unwind_RaiseException"};
  const auto function = parse_frame(line.text).name;
  return std::find(std::begin(names), std::end(names), function) != std::end(names);
}

} // namespace

std::vector<std::string> lines_for_people(const std::vector<stack_line>& stack) {
  const auto end = std::find_if(stack.begin(), stack.end(), is_ours);
  std::vector<std::string> out;
  std::for_each(stack.begin(), end, [&](const stack_line& line) {
    if (!is_of_system_library(line) && !is_way_to_abort(line)) out.push_back(line.text);
  });
  if (out.empty()) {
    std::transform(stack.begin(), stack.end(), std::back_inserter(out),
                   [](const stack_line& line) { return line.text; });
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].insert(0, "#" + std::to_string(i) + " ");
  }
  return out;
}

} // namespace troupe::detail
