// Part of Troupe; see LICENSE.

#include "troupe/actors/line_feeds.hpp"

namespace troupe::actors {

line_feed_rule::line_feed_rule(const worker_config& config) {
  const auto word = config.text("line_feeds", "refuse");
  if (word == "escape") {
    rule_ = rule::escape;
  } else if (word == "keep") {
    rule_ = rule::keep;
  } else if (word != "refuse") {
    throw stage_failed{"config.line_feeds is '" + word + "'; write refuse, escape or keep"};
  }
}

void line_feed_rule::append(std::string_view message, std::string& out) const {
  const bool has_line_feed = message.find('\n') != std::string_view::npos;
  switch (rule_) {
  case rule::refuse:
    if (has_line_feed) {
      throw message_refused{"the message holds a line feed, so it would be read as two lines; set "
                            "'line_feeds' to escape or keep"};
    }
    break;
  case rule::keep:
    break;
  case rule::escape:
    for (const char c : message) {
      if (c == '\n') {
        out += "\\n";
      } else if (c == '\\') {
        out += "\\\\";
      } else {
        out += c;
      }
    }
    out += '\n';
    return;
  }
  out += message;
  out += '\n';
}

} // namespace troupe::actors
