// Part of Troupe; see LICENSE.

#include "troupe/config/detail/context.hpp"

#include "troupe/config/detail/utf8.hpp"

namespace troupe::config::detail {

namespace {

constexpr std::size_t diagnostics_max = 200; // Nobody reads more, and a hostile file has millions.

} // namespace

context::context(std::string file, const std::string& text, config::variables vars)
    : file_{std::move(file)}, text_{text}, source_{text}, vars_{std::move(vars)} {}

void context::add(diagnostic one) {
  if (found_.size() >= diagnostics_max) return;
  if (!told_.emplace(one.code, one.at.line, one.at.column, one.message).second) return;
  one.file = file_;
  one.excerpt = line_of(text_, one.at.line);
  found_.push_back(std::move(one));
}

void context::error(problem code, location at, std::string path, std::string message) {
  add({.code = code,
       .weight = severity::error,
       .file = {},
       .at = at,
       .path = std::move(path),
       .message = std::move(message),
       .excerpt = {}});
}

void context::warning(problem code, location at, std::string path, std::string message) {
  add({.code = code,
       .weight = severity::warning,
       .file = {},
       .at = at,
       .path = std::move(path),
       .message = std::move(message),
       .excerpt = {}});
}

std::vector<diagnostic> context::take() {
  sort_by_position(found_);
  return std::move(found_);
}

void context::report(const expansion& result, location at, const std::string& path) {
  for (const auto& one : result.errors) {
    error(one.code, source_.locate(at, one.fragment), path, one.message);
  }
}

std::optional<std::string> context::expand(std::string_view raw, location at,
                                           const std::string& path, expansion_time when) {
  if (raw.find('$') == std::string_view::npos) return std::string{raw};
  auto result = vars_.expand(raw, when);
  report(result, at, path);
  if (!result.errors.empty()) return std::nullopt;
  // The environment may hold any bytes; a configuration may not.
  if (first_bad_utf8(result.text)) {
    error(problem::undefined_variable, at, path, "the expanded value is not UTF-8");
    return std::nullopt;
  }
  return std::move(result.text);
}

} // namespace troupe::config::detail
