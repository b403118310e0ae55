// Part of Troupe; see LICENSE.

#include "troupe/ipc/wire.hpp"

#include "troupe/base/text.hpp"

#include <string>

namespace troupe::wire {

namespace detail {

void throw_too_many(std::size_t count) {
  throw serialization_error{"a container of " + std::to_string(count) +
                            " elements is too large for one message (at most 4294967295); send it "
                            "in parts"};
}

void throw_too_deep() {
  throw serialization_error{"objects are nested more than " + std::to_string(nesting_max) +
                            " deep; flatten the type that contains itself"};
}

void throw_valueless() {
  throw serialization_error{"a std::variant without a value (valueless_by_exception) cannot be "
                            "sent; assign it one first"};
}

void throw_refused(std::string_view type) {
  throw serialization_error{"the inspect of " + text::printable(type) +
                            " returned false while it was asked for the fields to send: this value "
                            "is one that it refuses"};
}

} // namespace detail

failure malformed(std::string_view type, std::size_t size, std::size_t position) {
  return {errc::bad_data, std::to_string(size) + " bytes are no valid " + text::printable(type) +
                              " (stopped at byte " + std::to_string(position) +
                              "); both ends must be built from the same definition of the type"};
}

} // namespace troupe::wire
