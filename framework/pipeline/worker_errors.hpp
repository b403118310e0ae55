// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"

#include <string>

namespace troupe {

/// A worker throws this when it cannot work at all, whatever the message: no such folder, disk
/// full, bad configuration. The pipeline fails with this text, instead of trying again for ever.
class stage_failed : public error {
public:
  explicit stage_failed(const std::string& message) : error{errc::broken, message} {}
};

/// A worker throws this for a message that will never succeed: it goes to the dead letter at once.
class message_refused : public error {
public:
  explicit message_refused(const std::string& message) : error{errc::bad_data, message} {}
};

} // namespace troupe
