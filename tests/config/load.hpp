// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/loader.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::config::test {

using text_map = std::map<std::string, std::string>;

/// The builtins that the samples use, as the room of actors would describe them.
inline known_builtins sample_builtins() {
  using enum builtin_role;
  const auto root =
      builtin_key{.name = "root", .type = value_type::path, .is_required = true, .words = {}};
  const auto path =
      builtin_key{.name = "path", .type = value_type::path, .is_required = true, .words = {}};
  const auto target =
      builtin_key{.name = "target", .type = value_type::path, .is_required = true, .words = {}};
  const auto mode = builtin_key{.name = "mode",
                                .type = value_type::word,
                                .is_required = false,
                                .words = {"append", "replace"}};
  const auto line_feeds = builtin_key{.name = "line_feeds",
                                      .type = value_type::word,
                                      .is_required = false,
                                      .words = {"refuse", "escape", "keep"}};
  const auto flush =
      builtin_key{.name = "flush", .type = value_type::duration, .is_required = false, .words = {}};
  const auto block =
      builtin_key{.name = "block", .type = value_type::size, .is_required = false, .words = {}};
  return {
      {.name = "file_tree",
       .role = source,
       .keys = {root},
       .input_type = "",
       .output_type = "string",
       .is_single = true},
      {.name = "file_lines",
       .role = transform,
       .keys = {},
       .input_type = "string",
       .output_type = "string"},
      {.name = "sha256",
       .role = transform,
       .keys = {block},
       .input_type = "string",
       .output_type = "string"},
      {.name = "word_count",
       .role = aggregate,
       .keys = {},
       .input_type = "string",
       .output_type = "string",
       .is_single = true},
      {.name = "copy_file",
       .role = transform,
       .keys = {root, target},
       .input_type = "string",
       .output_type = "string"},
      {.name = "lines_to_file",
       .role = sink,
       .keys = {path, mode, flush, line_feeds},
       .input_type = "string",
       .output_type = "",
       .is_single = true},
  };
}

/// Options that see only `environment`, never that of the test.
inline load_options options_with(text_map environment = {}, text_map set = {}) {
  load_options out;
  out.set = std::move(set);
  out.builtins = sample_builtins();
  out.message_types = {"access_record"};
  out.environment = [environment = std::move(environment)](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional{found->second};
  };
  return out;
}

inline load_result load(const std::string& text, const load_options& options = options_with()) {
  return load_text(text, "t.yaml", "", options);
}

/// The first lines of all diagnostics.
inline std::vector<std::string> headlines(const std::string& text,
                                          const load_options& options = options_with()) {
  std::vector<std::string> out;
  for (const auto& one : load(text, options).diagnostics) out.push_back(headline(one));
  return out;
}

/// Loads what must be right; a case fails with the errors otherwise.
inline troupe_spec must_load(const std::string& text,
                             const load_options& options = options_with()) {
  auto result = load(text, options);
  BOOST_REQUIRE_MESSAGE(result.spec, render(result.diagnostics));
  return *std::move(result.spec);
}

/// Compares all first lines with `expected`.
inline void check_headlines(const std::string& text, const std::vector<std::string>& expected,
                            const load_options& options = options_with()) {
  const auto found = headlines(text, options);
  BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
}

} // namespace troupe::config::test
