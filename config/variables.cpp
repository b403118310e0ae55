// Part of Troupe; see LICENSE.

#include "troupe/config/variables.hpp"

#include "troupe/base/worker_text.hpp"
#include "troupe/config/detail/hints.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

constexpr std::size_t expanded_bytes_max =
    64 * 1024; // A few vars could double each other for ever.
constexpr std::size_t nesting_max = 8;
constexpr std::string_view spawn_prefix = "TROUPE_";
constexpr auto spawn_reference = text::worker_reference;
constexpr auto escaped_spawn_reference = text::escaped_worker_reference;

constexpr bool is_name_begin(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool is_name_inner(char c) {
  return is_name_begin(c) || (c >= '0' && c <= '9');
}

// Returns the offset of the `}` that ends the reference at the begin of `text`, or npos.
std::size_t end_of_reference(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string reference_to(std::string_view name) {
  return "${" + std::string{name} + "}";
}

} // namespace

bool is_variable_name(std::string_view name) {
  return !name.empty() && is_name_begin(name[0]) &&
         std::all_of(name.begin(), name.end(), is_name_inner);
}

variables::variables(std::map<std::string, std::string> set, environment from_environment,
                     std::string set_directory)
    : set_{std::move(set)}, environment_{std::move(from_environment)}, set_directory_{std::move(
                                                                           set_directory)} {}

void variables::declare(std::string name, std::string raw, location at) {
  declared_[std::move(name)] = {.raw = std::move(raw), .at = at, .is_open = false, .result = {}};
}

expansion variables::expand(std::string_view raw, expansion_time when) {
  expansion out;
  expand_into(raw, when, out);
  return out;
}

expansion variables::expand_declared(const std::string& name) {
  return resolve(name);
}

bool variables::begins_with_set(std::string_view raw, std::size_t depth) const {
  constexpr std::string_view opening = "${";
  if (!raw.starts_with(opening) || depth > nesting_max) return false;
  raw.remove_prefix(opening.size());
  const auto size = std::find_if_not(raw.begin(), raw.end(), is_name_inner) - raw.begin();
  const std::string name{raw.substr(0, static_cast<std::size_t>(size))};
  if (set_.contains(name)) return true;
  const auto declared = declared_.find(name);
  return declared != declared_.end() && !environment_(name) &&
         begins_with_set(declared->second.raw, depth + 1);
}

const std::string& variables::base_of(std::string_view raw, const std::string& directory) const {
  return !set_directory_.empty() && begins_with_set(raw, 0) ? set_directory_ : directory;
}

std::optional<std::string> variables::value_of(const std::string& name) {
  used_.insert(name);
  if (const auto found = set_.find(name); found != set_.end()) return found->second;
  if (auto value = environment_(name)) return value;
  if (declared_.contains(name)) return resolve(name).text;
  return std::nullopt;
}

std::vector<std::string> variables::unused_set() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : set_) {
    if (!used_.contains(name) && !declared_.contains(name)) out.push_back(name);
  }
  return out;
}

std::vector<std::string> variables::declared_names() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : declared_) out.push_back(name);
  return out;
}

const expansion& variables::resolve(const std::string& name) {
  auto& one = declared_.at(name);
  if (!one.result) {
    one.is_open = true;
    stack_.push_back(name);
    expansion result;
    expand_into(one.raw, expansion_time::load, result);
    stack_.pop_back();
    one.is_open = false;
    one.result = std::move(result);
  }
  return *one.result;
}

std::string variables::cycle_through(const std::string& name) const {
  std::string out;
  for (auto at = std::find(stack_.begin(), stack_.end(), name); at != stack_.end(); ++at) {
    out += *at + " (line " + std::to_string(declared_.at(*at).at.line) + ") -> ";
  }
  return out + name;
}

void variables::report_undefined(std::string_view name, expansion& out) const {
  std::vector<std::string_view> known;
  for (const auto& [one, value] : declared_) known.push_back(one);
  auto hint = detail::did_you_mean(name, known);
  if (hint.empty()) {
    hint = "; set it in the environment or in vars, or write ${" + std::string{name} + ":-default}";
  }
  out.errors.push_back({.code = problem::undefined_variable,
                        .message = reference_to(name) + " is not defined" + hint,
                        .fragment = "${" + std::string{name}});
}

void variables::expand_reference(std::string_view body, expansion_time when, expansion& out) {
  const auto name_end = static_cast<std::size_t>(
      std::find_if_not(body.begin(), body.end(), is_name_inner) - body.begin());
  const std::string name{body.substr(0, name_end)};
  const auto rest = body.substr(name_end);
  const auto fail = [&](std::string message, problem code = problem::undefined_variable) {
    out.errors.push_back(
        {.code = code, .message = std::move(message), .fragment = "${" + std::string{name}});
  };
  const bool has_default = rest.starts_with(":-");
  const bool has_message = rest.starts_with(":?");
  if (!is_variable_name(name) || (!rest.empty() && !has_default && !has_message)) {
    return fail("${" + detail::shown(body) +
                "} is not a reference; write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $$ "
                "for a single $");
  }
  if (name.starts_with(spawn_prefix)) {
    if (when == expansion_time::spawn && rest.empty()) {
      out.text += reference_to(name);
      return;
    }
    return fail(rest.empty()
                    ? reference_to(name) + " is known only when a worker starts; it can stand in "
                                           "command, shell, args, env and working_dir"
                    : reference_to(name) + " always has a value; remove '" + detail::shown(rest) +
                          "'");
  }
  if (const auto found = declared_.find(name); found != declared_.end() && found->second.is_open &&
                                               !set_.contains(name) && !environment_(name)) {
    return fail("vars refer to each other in a circle: " + cycle_through(name), problem::cycle);
  }
  const auto value = value_of(name);
  if (value && (!value->empty() || rest.empty())) {
    // A value is data: what looks like a reference in it must not become one at spawn time.
    out.text += when == expansion_time::spawn ? text::guarded_for_worker(*value) : *value;
  } else if (has_default) {
    ++depth_;
    expand_into(rest.substr(2), when, out);
    --depth_;
  } else if (has_message) {
    const auto reason = rest.substr(2);
    fail(reference_to(name) + " is not defined" +
         (reason.empty() ? "" : ": " + detail::shown(reason)));
  } else {
    report_undefined(name, out);
  }
}

void variables::expand_into(std::string_view raw, expansion_time when, expansion& out) {
  while (!raw.empty()) {
    if (out.text.size() + raw.size() > expanded_bytes_max || depth_ > nesting_max ||
        stack_.size() > 100) {
      out.errors.push_back({.code = problem::out_of_range,
                            .message = "the value becomes larger than " +
                                       std::to_string(expanded_bytes_max) +
                                       " bytes, or its defaults or vars nest too deep",
                            .fragment = {}});
      out.text.clear();
      return;
    }
    if (raw.starts_with("$$")) {
      const bool is_escape_kept =
          when == expansion_time::spawn && raw.starts_with(escaped_spawn_reference);
      out.text += is_escape_kept ? "$$" : "$";
      raw.remove_prefix(2);
    } else if (raw.starts_with("${")) {
      const auto end = end_of_reference(raw);
      if (end == std::string_view::npos) {
        out.errors.push_back({.code = problem::undefined_variable,
                              .message = "'${' without '}'; write $$ for a single $",
                              .fragment = std::string{raw.substr(0, 2)}});
        return;
      }
      expand_reference(raw.substr(2, end - 2), when, out);
      raw.remove_prefix(end + 1);
    } else {
      const auto length = std::min(raw.find('$', 1), raw.size());
      out.text += raw.substr(0, length);
      raw.remove_prefix(length);
    }
  }
}

std::string escape_references(std::string_view text, expansion_time when) {
  std::string out;
  while (!text.empty()) {
    const bool is_kept =
        when == expansion_time::spawn &&
        (text.starts_with(spawn_reference) || text.starts_with(escaped_spawn_reference));
    if (is_kept) {
      const auto length = text.find('{') + 1;
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      out += text[0] == '$' ? "$$" : std::string{text[0]};
      text.remove_prefix(1);
    }
  }
  return out;
}

} // namespace troupe::config
