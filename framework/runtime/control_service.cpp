// Part of Troupe; see LICENSE.

#include "troupe/runtime/control_service.hpp"

#include "troupe/control/place.hpp"
#include "troupe/os/this_process.hpp"

#include <utility>

namespace troupe {

namespace {

expected<std::string> answer(const control::request& what, const view_source& look) {
  if (what.verb == "ping") return std::to_string(os::this_process::pid());
  if (what.verb != "status") {
    return failure{errc::unsupported, "this troupe does not know the verb '" + what.verb + "'"};
  }
  const auto view = look();
  if (!view) return view.error();
  return to_json(*view);
}

} // namespace

expected<std::unique_ptr<control::endpoint>>
serve_control(const config::troupe_spec& spec, const std::string& path, view_source look) {
  const auto& wanted = spec.control;
  auto place = control::default_socket(spec.name);
  if (wanted.socket) place = wanted.socket->path;
  if (!path.empty()) place = path;
  if (!place) return place.error();
  return control::endpoint::open(
      {.path = *place, .mode = wanted.mode},
      [look = std::move(look)](const control::request& what) { return answer(what, look); });
}

} // namespace troupe
