// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/spec.hpp"
#include "troupe/control/endpoint.hpp"
#include "troupe/control/status.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// How the run is now, for who asks over the socket. Called on the thread "troupe-control".
using view_source = std::function<expected<control::troupe_view>()>;

/// Opens the control socket of a run: at `path`, or where `spec` says if `path` is empty, or at the
/// usual place of its name. Errors: as `control::endpoint::open`.
expected<std::unique_ptr<control::endpoint>>
serve_control(const config::troupe_spec& spec, const std::string& path, view_source look);

} // namespace troupe
