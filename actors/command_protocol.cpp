// Part of Troupe; see LICENSE.

// The two ways in which a command answers messages one by one.

#include "troupe/actors/exec.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace troupe::actors {
namespace {

using json = nlohmann::json;

constexpr auto nobody = std::numeric_limits<std::size_t>::max();

void check_line(std::string_view message) {
  if (message.find('\n') != std::string_view::npos) {
    throw message_refused{"the message holds a line feed, so it is not one line"};
  }
}

/// One line out for each line in, in order.
class request_reply final : public command_protocol {
public:
  std::string line_of(std::string_view message, std::size_t) override {
    check_line(message);
    return std::string{message};
  }
  std::optional<std::size_t> read(std::string_view line, std::size_t next,
                                  command_answer& into) override {
    into.outputs.emplace_back(line);
    return next;
  }
};

/// JSON objects with an id, answered in any order.
class envelope final : public command_protocol {
public:
  envelope(bool is_json_in, bool is_json_out)
      : is_json_in_{is_json_in}, is_json_out_{is_json_out} {}

  std::string line_of(std::string_view message, std::size_t id) override {
    std::string data;
    if (is_json_in_) {
      check_line(message);
      if (!json::accept(message)) throw message_refused{"the message is not JSON"};
      data = message;
    } else {
      try {
        data = json(message).dump();
      } catch (const json::exception&) {
        throw message_refused{"the message is not UTF-8, so it cannot go into JSON"};
      }
    }
    return "{\"id\": " + std::to_string(id) + ", \"data\": " + data + "}";
  }

  std::optional<std::size_t> read(std::string_view line, std::size_t,
                                  command_answer& into) override {
    const auto value = json::parse(line, nullptr, false);
    if (!value.is_object()) return nobody;
    const auto id = value.find("id");
    if (id == value.end()) {
      if (value.contains("ready")) return std::nullopt;
      return nobody;
    }
    if (!id->is_number_unsigned()) return nobody;
    if (const auto error = value.find("error"); error != value.end() && !error->is_null()) {
      into.error = text_of(*error);
      const auto retry = value.find("retry");
      into.is_final = retry != value.end() && retry->is_boolean() && !retry->get<bool>();
    } else if (const auto data = value.find("data"); data != value.end()) {
      if (data->is_array()) {
        for (const auto& each : *data) into.outputs.push_back(output_of(each));
      } else {
        into.outputs.push_back(output_of(*data));
      }
    }
    return id->get<std::size_t>();
  }

private:
  static std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  }
  [[nodiscard]] std::string output_of(const json& value) const {
    return is_json_out_ ? value.dump() : text_of(value);
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
