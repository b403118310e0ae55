// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/reactor.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/process/output_tap.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace troupe {

/// Makes the launcher of this process; its observers are called on `reactor`'s thread. Starts
/// nothing until the first request. When `become_zygote_if_asked` (troupe::init) was not called,
/// every request fails with `errc::not_initialised`.
///
/// Destroying it kills all children and waits for their ends, which are told as always; requests
/// that were not sent fail. `reactor` must outlive it; not to be destroyed on the reactor thread.
///
/// `log` takes what people should know of how children are started; on the reactor thread. While
/// `tap` is closed, nothing is read of what children print, but for what one that has ended left;
/// null: it is always open.
using launcher_log = std::function<void(std::string_view line)>;
std::unique_ptr<launcher> make_launcher(os::reactor& reactor, launcher_log log = {},
                                        std::shared_ptr<output_tap> tap = nullptr);

} // namespace troupe
