// Part of Troupe; see LICENSE.

#include "troupe/config/detail/parse.hpp"

#include "troupe/config/detail/hints.hpp"
#include "troupe/config/detail/source_text.hpp"
#include "troupe/config/detail/syntax_errors.hpp"

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace troupe::config::detail {

namespace {

constexpr std::size_t bytes_per_weight =
    32; // A long text repeated by aliases counts like many nodes.

// Ends the parse from inside an event: the problem is already recorded.
class refused : public std::runtime_error {
public:
  refused() : std::runtime_error{"refused"} {}
};

constexpr std::array<std::string_view, 7> known_tags{
    "tag:yaml.org,2002:str",   "tag:yaml.org,2002:int", "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:float", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq",
    "tag:yaml.org,2002:null"};

/// Builds the tree from yaml-cpp's events.
class builder final : public YAML::EventHandler {
public:
  builder(const source_text& source, parse_result& out) : source_{source}, out_{out} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (has_document_) {
      refuse(location_at(mark),
             "more than one document; Troupe reads one per file: remove '---' and "
             "what follows, or split the file");
    }
    has_document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto value = make(node::kind::null, mark, "");
    // yaml-cpp drops the spelling, but `env: {A: null}` means the text.
    value->text = source_.null_spelling(value->at);
    add(std::move(value), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    auto value = make(node::kind::scalar, mark, tag);
    value->text = text;
    value->is_plain = tag == "?";
    value->weight += text.size() / bytes_per_weight;
    // yaml-cpp takes the end of the file for the missing quote.
    if (!source_.is_closed(value->at)) refuse(value->at, "this quote is never closed");
    value->at.length = source_.scalar_length(value->at, text);
    add(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      refuse(location_at(mark),
             "the alias stands inside the value that it repeats; a loop has no end");
    }
    add(found->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(node::kind::sequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(node::kind::map, mark, tag, anchor, style);
  }
  void OnMapEnd() override {
    merge_inherited(*open_.back().value);
    close();
  }

  /// The innermost `{` or `[` that is open, if the parse stopped inside one.
  [[nodiscard]] std::optional<location> open_bracket() const {
    if (open_.empty() || !open_.back().is_flow) return std::nullopt;
    return open_.back().value->at;
  }

private:
  struct frame {
    std::shared_ptr<node> value;
    YAML::anchor_t anchor = 0;
    bool is_flow = false;
    bool has_key = false;
    std::string key{};
    location key_at{};
  };

  [[noreturn]] void refuse(location at, std::string message) {
    out_.problems.push_back({.at = at, .path = {}, .message = std::move(message)});
    throw refused{};
  }

  [[nodiscard]] location location_at(const YAML::Mark& mark) const {
    return source_.location_of(mark.line, mark.column);
  }

  std::shared_ptr<node> make(node::kind what, const YAML::Mark& mark, const std::string& tag) {
    auto value = std::make_shared<node>();
    value->what = what;
    value->at = source_.skip_properties(location_at(mark));
    const bool is_known = tag.empty() || tag == "?" || tag == "!" ||
                          std::find(known_tags.begin(), known_tags.end(), tag) != known_tags.end();
    if (!is_known) {
      refuse(location_at(mark),
             "the tag " + in_quotes(tag) + " means nothing to Troupe; remove it");
    }
    return value;
  }

  void open(node::kind what, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    open_.push_back({.value = make(what, mark, tag),
                     .anchor = anchor,
                     .is_flow = style == YAML::EmitterStyle::Flow});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(node_ptr value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      out_.root = std::move(value);
      return;
    }
    auto& parent = open_.back();
    if (parent.value->what == node::kind::map && !parent.has_key) {
      begin_entry(parent, *value);
      return;
    }
    count(parent, *value);
    if (parent.value->what == node::kind::sequence) {
      parent.value->items.push_back(std::move(value));
      return;
    }
    finish_entry(parent, std::move(value));
  }

  // Exponential aliases are found by their sum, long before anything walks them.
  void count(frame& parent, const node& value) {
    parent.value->weight += value.weight;
    if (parent.value->weight > expanded_nodes_max) {
      refuse(value.at, "more than " + std::to_string(expanded_nodes_max) +
                           " values once aliases are expanded; use fewer aliases");
    }
  }

  void begin_entry(frame& parent, const node& key) {
    if (key.what != node::kind::scalar)
      refuse(key.at, "a key must be plain text, not " + describe(key));
    parent.has_key = true;
    parent.key = key.text;
    parent.key_at = key.at;
  }

  void finish_entry(frame& parent, node_ptr value) {
    parent.has_key = false;
    if (parent.value->entries.size() >= map_keys_max) {
      refuse(parent.key_at, "more than " + std::to_string(map_keys_max) + " keys in one map");
    }
    const auto* const first = parent.value->find(parent.key);
    if (first == nullptr || parent.key == "<<") {
      parent.value->entries.push_back(
          {.key = std::move(parent.key), .at = parent.key_at, .value = std::move(value)});
      return;
    }
    out_.problems.push_back({.code = problem::duplicate_key,
                             .at = parent.key_at,
                             .path = path_to(parent.key),
                             .message = "duplicate key; lines " + std::to_string(first->at.line) +
                                        " and " + std::to_string(parent.key_at.line) +
                                        " both give it: remove one"});
  }

  [[nodiscard]] std::string path_to(const std::string& key) const {
    std::string out;
    for (const auto& one : open_) {
      if (&one == &open_.back()) break;
      out += one.value->what == node::kind::map
                 ? shown(one.key)
                 : '[' + std::to_string(one.value->items.size()) + ']';
      out += '.';
    }
    return out + shown(key);
  }

  // `<<: *base` and `<<: [*a, *b]`: own keys win, then the first of the list.
  void merge_inherited(node& map) {
    std::vector<entry> own;
    std::vector<node_ptr> bases;
    for (auto& one : map.entries) {
      if (one.key != "<<") {
        own.push_back(std::move(one));
      } else if (one.value->what == node::kind::sequence) {
        bases.insert(bases.end(), one.value->items.begin(), one.value->items.end());
      } else {
        bases.push_back(one.value);
      }
    }
    map.entries = std::move(own);
    for (const auto& base : bases) {
      if (base->what != node::kind::map) {
        refuse(base->at,
               "'<<' takes in the keys of a map or of a list of maps, not " + describe(*base));
      }
      for (const auto& one : base->entries) {
        if (map.find(one.key) == nullptr) map.entries.push_back(one);
      }
    }
  }

  const source_text& source_;
  parse_result& out_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, node_ptr> anchors_; // Only of values that are complete.
  bool has_document_ = false;
};

void parse_events(const source_text& source, const std::string& text, parse_result& out) {
  builder handler{source, out};
  std::istringstream in{text};
  try {
    YAML::Parser parser{in};
    while (parser.HandleNextDocument(handler)) {
    }
    return;
  } catch (const refused&) {
    // Recorded where it was found.
  } catch (const YAML::Exception& error) {
    out.problems.push_back(explain_syntax(source, handler.open_bracket(), error));
  }
  out.root = nullptr;
}

} // namespace

parse_result parse(const std::string& text) {
  parse_result out;
  if (text.size() > file_bytes_max) {
    out.problems.push_back(
        {.at = {.line = 1, .column = 1},
         .path = {},
         .message = "the file is larger than " + std::to_string(file_bytes_max) + " bytes"});
    return out;
  }
  const source_text source{text};
  if (const auto line = source.line_longer_than(line_bytes_max)) {
    out.problems.push_back({.at = {.line = *line, .column = 1},
                            .path = {},
                            .message = "the line is longer than " + std::to_string(line_bytes_max) +
                                       " bytes; break it"});
    return out;
  }
  if (auto bad = source.first_bad_byte()) {
    out.problems.push_back({.at = bad->at, .path = {}, .message = std::move(bad->message)});
    return out;
  }
  parse_events(source, text, out);
  return out;
}

} // namespace troupe::config::detail
