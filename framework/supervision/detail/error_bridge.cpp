// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/error_bridge.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/sec.hpp>

namespace troupe::detail {

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

caf::error to_caf_error(const std::exception_ptr& thrown) {
  return caf::make_error(caf::sec::runtime_error, text_of(thrown));
}

std::string text_of(const caf::error& reason) {
  return reason ? caf::deep_to_string(reason) : std::string{"ended without an error"};
}

} // namespace troupe::detail
