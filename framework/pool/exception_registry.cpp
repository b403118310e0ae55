// Part of Troupe; see LICENSE.

#include "troupe/pool/exception_registry.hpp"

#include "troupe/pool/detail/exception_codecs.hpp"

#include <mutex>

namespace troupe::detail {

namespace {

// Initialised before any registration runs: both are constants.
constinit std::mutex registrations_mutex;
constinit exception_registration* registrations = nullptr;

} // namespace

exception_registration::exception_registration(exception_codec made) noexcept : codec{made} {
  const std::lock_guard lock{registrations_mutex};
  next = registrations;
  registrations = this;
}

exception_registration::~exception_registration() {
  const std::lock_guard lock{registrations_mutex};
  for (auto** link = &registrations; *link != nullptr; link = &(*link)->next) {
    if (*link != this) continue;
    *link = next;
    return;
  }
}

std::optional<exception_codec> find_exception_codec(const std::string& type) {
  {
    const std::lock_guard lock{registrations_mutex};
    for (const auto* one = registrations; one != nullptr; one = one->next) {
      if (type == one->codec.type->name()) return one->codec;
    }
  }
  const auto* standard = find_standard_codec(type);
  return standard != nullptr ? std::optional{*standard} : std::nullopt;
}

} // namespace troupe::detail
