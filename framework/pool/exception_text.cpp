// Part of Troupe; see LICENSE.

#include "troupe/pool/exception_text.hpp"

#include "troupe/base/text.hpp"

#include <atomic>
#include <csetjmp>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <cxxabi.h>

namespace troupe {

namespace {

// Where a terminate handler goes on when it was what() that threw.
thread_local std::jmp_buf* way_out = nullptr;
constinit std::atomic<std::terminate_handler> next_handler{nullptr};

[[noreturn]] void leave_what_or_terminate() {
  // What lies between has been unwound already, up to what() itself, which is noexcept.
  if (way_out != nullptr) std::longjmp(*way_out, 1); // NOLINT(cert-err52-cpp)
  if (const auto next = next_handler.load()) next();
  std::abort();
}

void install_handler() {
  if (std::get_terminate() == leave_what_or_terminate) return;
  const auto former = std::set_terminate(leave_what_or_terminate);
  if (former != leave_what_or_terminate) next_handler.store(former);
}

// Null: it threw.
[[gnu::noinline]] const char* ask_for_what(const std::exception& e) {
  std::jmp_buf here;
  if (setjmp(here) != 0) { // NOLINT(cert-err52-cpp)
    way_out = nullptr;
    return nullptr;
  }
  way_out = &here;
  const char* const text = e.what();
  way_out = nullptr;
  return text != nullptr ? text : "(what() is null)";
}

} // namespace

std::string text_of_exception(const std::exception& e, std::size_t size_max) {
  install_handler();
  const auto handled = std::current_exception();
  const char* const text = ask_for_what(e);
  if (text != nullptr) return text::shortened(text, size_max);
  // What it threw counts as caught, and stands before the exception that is being handled.
  if (std::current_exception() != handled) abi::__cxa_end_catch();
  return "(what() threw an exception itself)";
}

std::string text_of_current_exception(std::size_t size_max) {
  try {
    throw;
  } catch (const std::exception& e) {
    return text_of_exception(e, size_max);
  } catch (const char* text) {
    return text != nullptr ? text::shortened(text, size_max) : std::string{"null"};
  } catch (const std::string& text) {
    return text::shortened(text, size_max);
  } catch (std::string_view text) {
    return text::shortened(text, size_max);
  } catch (const std::error_code& code) {
    return text::shortened(code.message(), size_max);
  } catch (bool value) {
    return value ? "true" : "false";
  } catch (int number) {
    return std::to_string(number);
  } catch (unsigned number) {
    return std::to_string(number);
  } catch (long number) {
    return std::to_string(number);
  } catch (unsigned long number) {
    return std::to_string(number);
  } catch (long long number) {
    return std::to_string(number);
  } catch (double number) {
    return std::to_string(number);
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

} // namespace troupe
