// Part of Troupe; see LICENSE.

// The two ways in which a command answers messages one by one.

#include "troupe/actors/command_protocol.hpp"

#include "troupe/base/json_text.hpp"
#include "troupe/pipeline/worker_errors.hpp"

#include <charconv>

namespace troupe::actors {
namespace {

line_meaning nonsense(std::string why) {
  return {line_meaning::what::nonsense, 0, std::move(why)};
}

void check_line(std::string_view message) {
  if (message.find('\n') != std::string_view::npos) {
    throw message_refused{"the message holds a line feed, so it is not one line"};
  }
}

/// One line out for each line in, in order.
class request_reply final : public command_protocol {
public:
  std::string line_of(std::string_view message, std::uint64_t) override {
    check_line(message);
    return std::string{message};
  }
  line_meaning read(std::string_view line, std::uint64_t oldest, command_answer& into) override {
    into.outputs.emplace_back(line);
    return {line_meaning::what::answer, oldest, {}};
  }
  [[nodiscard]] bool is_by_place() const override { return true; }
};

/// JSON objects with an id, answered in any order.
class envelope final : public command_protocol {
public:
  envelope(bool is_json_in, bool is_json_out)
      : is_json_in_{is_json_in}, is_json_out_{is_json_out} {}

  std::string line_of(std::string_view message, std::uint64_t id) override {
    std::string data;
    if (is_json_in_) {
      check_line(message);
      if (!json_text::is_value(message)) throw message_refused{"the message is not JSON"};
      data = message;
    } else {
      auto quoted = json_text::quote(message);
      if (!quoted) throw message_refused{"the message is not UTF-8, so it cannot go into JSON"};
      data = *std::move(quoted);
    }
    return "{\"id\": " + std::to_string(id) + ", \"data\": " + data + "}";
  }

  // What the command wrote as data is cut out and goes on as it is.
  line_meaning read(std::string_view line, std::uint64_t, command_answer& into) override {
    const auto members = json_text::members(line);
    if (!members) return nonsense("it is no JSON object");
    parts found;
    for (const auto& [key, value] : *members) {
      auto* const part = found.find(key);
      if (part == nullptr) continue;
      if (!part->empty()) return nonsense("it has '" + key + "' twice");
      *part = value;
    }
    if (found.id.empty()) {
      if (!found.ready.empty()) return {};
      return nonsense("it has no 'id'");
    }
    line_meaning meaning{line_meaning::what::answer, 0, {}};
    const auto* const end = found.id.data() + found.id.size();
    const auto [stop, problem] = std::from_chars(found.id.data(), end, meaning.id);
    if (problem != std::errc{} || stop != end) return nonsense("its 'id' is none that was sent");
    take(found, into);
    return meaning;
  }
  [[nodiscard]] bool is_by_place() const override { return false; }

private:
  struct parts {
    std::string_view id;
    std::string_view data;
    std::string_view error;
    std::string_view retry;
    std::string_view ready;

    std::string_view* find(std::string_view key) {
      if (key == "id") return &id;
      if (key == "data") return &data;
      if (key == "error") return &error;
      if (key == "retry") return &retry;
      return key == "ready" ? &ready : nullptr;
    }
  };

  void take(const parts& found, command_answer& into) const {
    if (!found.error.empty() && found.error != "null") {
      into.error = json_text::decode(found.error).value_or(std::string{found.error});
      into.is_final = found.retry == "false";
      return;
    }
    if (found.data.empty()) return;
    const auto elements = json_text::elements(found.data);
    if (!elements) return add_output(found.data, into);
    for (const auto each : *elements) add_output(each, into);
  }

  void add_output(std::string_view value, command_answer& into) const {
    if (is_json_out_ || value.front() != '"') {
      into.outputs.emplace_back(value);
    } else if (auto text = json_text::decode(value)) {
      into.outputs.push_back(*std::move(text));
    } else {
      into.error = "the command's 'data' holds half of a surrogate pair, which is no character";
      into.is_final = true;
    }
  }

  bool is_json_in_;
  bool is_json_out_;
};

} // namespace

std::unique_ptr<command_protocol> make_command_protocol(const worker_config& config) {
  const auto mode = config.text("mode", "request_reply");
  if (mode == "request_reply") return std::make_unique<request_reply>();
  if (mode == "envelope") {
    return std::make_unique<envelope>(config.text("input_codec", "string") == "json",
                                      config.text("output_codec", "string") == "json");
  }
  throw stage_failed{"config.mode is '" + mode + "'; write request_reply or envelope"};
}

} // namespace troupe::actors
