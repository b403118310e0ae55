// Part of Troupe; see LICENSE.

// How a command speaks, and whether its channels carry what it can say.

#include "troupe/config/detail/graph.hpp"
#include "troupe/config/detail/hints.hpp"

#include <array>

namespace troupe::config::detail {

namespace {

codec_kind codec_of(std::string_view type) {
  return type == "json" ? codec_kind::json : codec_kind::string;
}

// A command reads and writes lines, so its channels must carry text.
bool check_line_types(graph& all, const pool_draft& pool, const std::vector<channel_ref>& refs,
                      std::string_view key) {
  bool is_right = true;
  for (const auto& ref : refs) {
    const auto* const channel = all.find_typed(ref.name);
    if (channel == nullptr || channel->spec.type == "string" || channel->spec.type == "json")
      continue;
    is_right = false;
    all.error(problem::bad_combination, ref.at, pool.from.path_to(key),
              "a command speaks lines, and channel " + in_quotes(ref.name) +
                  at_line(channel->spec.at) + " carries " + channel->spec.type +
                  "; give the channel 'type: string' or 'type: json'");
  }
  return is_right;
}

void check_codec(graph& all, const pool_draft& pool, const std::vector<channel_ref>& refs,
                 bool is_input) {
  for (const auto& ref : refs) {
    const auto* const channel = all.find_typed(ref.name);
    if (channel == nullptr || codec_of(channel->spec.type) == *pool.codec) continue;
    all.mismatch(pool, ref, is_input, std::string{to_string(*pool.codec)} + " (protocol.codec)");
  }
}

// What the pool says itself; what came from `defaults` is meant for other pools.
void refuse(const pool_draft& pool, std::string_view key, std::string message) {
  if (pool.from.has_own(key)) pool.from.error(key, problem::bad_combination, std::move(message));
}

void check_stream(const pool_draft& pool) {
  const auto& spec = pool.spec;
  const bool has_many = !spec.replicas || *spec.replicas > 1;
  if (spec.order == order_mode::preserve && has_many) {
    pool.from.error(
        "order", problem::bad_combination,
        "mode stream does not tell which input an output belongs to; use 'replicas: 1' or "
        "another mode");
  }
  if (spec.inputs.empty()) return; // Told for every kind of pool.
  constexpr std::array<std::string_view, 4> acknowledged{"max_in_flight", "message_timeout",
                                                         "retry", "dead_letter"};
  for (const auto key : acknowledged) {
    refuse(pool, key, "has no meaning with mode stream, which acknowledges nothing");
  }
}

// What the command writes to stdout are its messages.
void check_log(const pool_draft& pool) {
  const auto* const log = pool.from.has_own("log") ? pool.from.find("log") : nullptr;
  const auto* const out = log == nullptr ? nullptr : log->value->find("stdout");
  if (out == nullptr || out->is_default) return;
  pool.from.owner().error(problem::bad_combination, out->at, pool.from.path_to("log.stdout"),
                          "stdout carries the messages of this command; only 'stderr' is a log");
}

void check_mode(graph& all, const pool_draft& pool) {
  const auto mode = pool.spec.protocol.mode;
  if (mode == protocol_mode::envelope) {
    if (pool.codec == codec_kind::string) {
      refuse(pool, "protocol", "mode envelope speaks JSON; remove 'codec: string'");
    }
  } else if (pool.codec) {
    check_codec(all, pool, pool.spec.inputs, true);
    check_codec(all, pool, pool.spec.outputs, false);
  }
  if (mode == protocol_mode::stream) return check_stream(pool);
  if (pool.spec.inputs.empty()) {
    refuse(pool, "protocol",
           "mode " + std::string{to_string(mode)} +
               " answers messages and needs 'input'; use stream");
  }
}

void check_protocol(graph& all, pool_draft& pool) {
  auto& spec = pool.spec;
  if (spec.inputs.empty() && spec.outputs.empty()) {
    return refuse(pool, "protocol", "has no meaning without 'input' or 'output'");
  }
  check_log(pool);
  const bool reads_text = check_line_types(all, pool, spec.inputs, "input");
  const bool writes_text = check_line_types(all, pool, spec.outputs, "output");
  if (!reads_text || !writes_text) return;
  const auto codec_from = [&](const std::vector<channel_ref>& refs) {
    const auto* const channel = refs.empty() ? nullptr : all.find(refs.front().name);
    return codec_of(channel == nullptr ? "string" : channel->spec.type);
  };
  spec.protocol.input_codec = codec_from(spec.inputs);
  spec.protocol.output_codec = codec_from(spec.outputs);
  const bool is_source = spec.inputs.empty();
  const auto main_codec = pool.codec.value_or(spec.protocol.input_codec);
  if (!pool.mode && !is_source && main_codec != codec_kind::json) {
    all.error(problem::missing_key, spec.at, pool.from.path_to("protocol.mode"),
              "required, because text can be answered in several ways: write stream for a filter, "
              "request_reply for one line back per line, or envelope");
    return;
  }
  // A source has nothing to answer.
  spec.protocol.mode =
      pool.mode.value_or(is_source ? protocol_mode::stream : protocol_mode::envelope);
  check_mode(all, pool);
}

} // namespace

void check_protocols(graph& all) {
  for (auto& pool : all.pools()) {
    if (pool.has_kind && is_foreign(pool.spec)) check_protocol(all, pool);
  }
}

} // namespace troupe::config::detail
