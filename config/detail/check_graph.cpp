// Part of Troupe; see LICENSE.

// How pools and channels fit together: references, types, deliveries, circles.

#include "troupe/base/text.hpp"
#include "troupe/config/detail/pool_draft.hpp"

#include <algorithm>
#include <map>

namespace troupe::config::detail {

namespace {

std::string at_line(location at) { return " (line " + std::to_string(at.line) + ")"; }

std::string quoted(std::string_view name) { return "'" + std::string{name} + "'"; }

codec_kind codec_of(std::string_view type) { return type == "json" ? codec_kind::json : codec_kind::string; }

/// All checks over one file's pools and channels.
class graph_check {
public:
  graph_check(context& owner, std::vector<channel_draft>& channels, std::vector<pool_draft>& pools)
      : owner_{owner}, channels_{channels}, pools_{pools} {
    for (auto& one : channels_) by_name_.emplace(one.spec.name, &one);
  }

  void run() {
    for (auto& pool : pools_) {
      check_names(pool);
      check_references(pool);
      check_builtin_types(pool);
      check_dead_letter(pool);
      check_protocol(pool);
    }
    for (auto& channel : channels_) {
      check_ends(channel);
      decide_delivery(channel);
    }
    check_circles();
  }

private:
  [[nodiscard]] channel_draft* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  void error(const pool_draft& pool, std::string_view key, problem code, location at, std::string message) {
    owner_.error(code, at, pool.from.path_to(key), std::move(message));
  }

  void check_names(const pool_draft& pool) {
    const auto* const channel = find(pool.spec.name);
    if (channel == nullptr) return;
    owner_.error(problem::name_used_twice, pool.spec.at, pool.from.path(),
                 "a channel" + at_line(channel->spec.at) + " has this name too; commands such as drain take both, "
                 "so rename one");
  }

  void check_reference(const pool_draft& pool, std::string_view key, const channel_ref& ref) {
    if (find(ref.name) != nullptr) return;
    std::vector<std::string_view> names;
    for (const auto& one : channels_) names.push_back(one.spec.name);
    auto message = "no channel is called '" + text::printable(ref.name, 60) + "'";
    if (const auto near = text::nearest(ref.name, names); !near.empty()) {
      message += "; did you mean " + quoted(near) + "?";
    } else {
      message += "; declare it under 'channels'";
    }
    error(pool, key, problem::unknown_reference, ref.at, std::move(message));
  }

  void check_references(const pool_draft& pool) {
    for (const auto& one : pool.spec.inputs) check_reference(pool, "input", one);
    for (const auto& one : pool.spec.outputs) check_reference(pool, "output", one);
    if (pool.spec.dead_letter) check_reference(pool, "dead_letter", *pool.spec.dead_letter);
  }

  // ", written by pool 'a' (line 3)": the other half of a disagreement.
  [[nodiscard]] std::string other_end(const pool_draft& pool, std::string_view channel, bool is_input) const {
    for (const auto& other : pools_) {
      const auto& refs = is_input ? other.spec.outputs : other.spec.inputs;
      const bool has_it = std::any_of(refs.begin(), refs.end(), [&](const channel_ref& one) { return one.name == channel; });
      if (&other == &pool || !has_it) continue;
      return std::string{is_input ? ", written" : ", read"} + " by pool " + quoted(other.spec.name) + at_line(other.spec.at);
    }
    return {};
  }

  void mismatch(const pool_draft& pool, const channel_ref& ref, bool is_input, const std::string& what) {
    const auto& channel = find(ref.name)->spec;
    error(pool, is_input ? "input" : "output", problem::type_mismatch, ref.at,
          "pool " + quoted(pool.spec.name) + " " + (is_input ? "reads " : "writes ") + what + ", but channel " +
              quoted(ref.name) + at_line(channel.at) + " carries " + channel.type +
              other_end(pool, ref.name, is_input));
  }

  void check_builtin_types(const pool_draft& pool) {
    if (pool.ready_made == nullptr) return;
    const auto check = [&](const std::vector<channel_ref>& refs, const std::string& type, bool is_input) {
      for (const auto& ref : refs) {
        const auto* const channel = find(ref.name);
        if (channel == nullptr || type.empty() || channel->spec.type == type) continue;
        mismatch(pool, ref, is_input, type + " (builtin " + pool.spec.builtin + ")");
      }
    };
    check(pool.spec.inputs, pool.ready_made->input_type, true);
    check(pool.spec.outputs, pool.ready_made->output_type, false);
  }

  void check_dead_letter(const pool_draft& pool) {
    if (!pool.spec.dead_letter) return;
    const auto& ref = *pool.spec.dead_letter;
    const auto* const target = find(ref.name);
    if (target == nullptr) return;
    for (const auto& input : pool.spec.inputs) {
      const auto* const channel = find(input.name);
      if (channel == nullptr) continue;
      if (channel == target) {
        error(pool, "dead_letter", problem::cycle, ref.at,
              "the dead letter channel " + quoted(ref.name) + at_line(target->spec.at) + " is the pool's own input" +
                  at_line(input.at) + "; a message that fails would come back for ever");
      } else if (target->spec.type != "json" && target->spec.type != channel->spec.type) {
        error(pool, "dead_letter", problem::type_mismatch, ref.at,
              "channel " + quoted(ref.name) + at_line(target->spec.at) + " carries " + target->spec.type +
                  "; dead letters need json or the input's type " + channel->spec.type + at_line(channel->spec.at));
      }
    }
  }

  // A command reads and writes lines, so its channels must carry text.
  bool check_line_types(const pool_draft& pool, const std::vector<channel_ref>& refs, std::string_view key) {
    bool is_right = true;
    for (const auto& ref : refs) {
      const auto* const channel = find(ref.name);
      if (channel == nullptr || channel->spec.type == "string" || channel->spec.type == "json") continue;
      is_right = false;
      error(pool, key, problem::bad_combination, ref.at,
            "a command speaks lines, and channel " + quoted(ref.name) + at_line(channel->spec.at) + " carries " +
                channel->spec.type + "; give the channel 'type: string' or 'type: json'");
    }
    return is_right;
  }

  void check_codec(const pool_draft& pool, const std::vector<channel_ref>& refs, bool is_input) {
    for (const auto& ref : refs) {
      const auto* const channel = find(ref.name);
      if (channel == nullptr || codec_of(channel->spec.type) == *pool.codec) continue;
      mismatch(pool, ref, is_input, std::string{to_string(*pool.codec)} + " (protocol.codec)");
    }
  }

  void check_protocol(pool_draft& pool) {
    auto& spec = pool.spec;
    if (spec.kind != pool_kind::command && spec.kind != pool_kind::shell) return;
    if (spec.inputs.empty() && spec.outputs.empty()) {
      if (pool.from.has_own("protocol")) {
        pool.from.error("protocol", problem::bad_combination, "has no meaning without 'input' or 'output'");
      }
      return;
    }
    const bool has_text = check_line_types(pool, spec.inputs, "input");
    if (!check_line_types(pool, spec.outputs, "output") || !has_text) return;
    const auto codec_from = [this](const std::vector<channel_ref>& refs) {
      const auto* const channel = refs.empty() ? nullptr : find(refs.front().name);
      return codec_of(channel == nullptr ? "string" : channel->spec.type);
    };
    spec.protocol.input_codec = codec_from(spec.inputs);
    spec.protocol.output_codec = codec_from(spec.outputs);
    const auto main_codec = pool.codec ? *pool.codec : spec.inputs.empty() ? spec.protocol.output_codec : spec.protocol.input_codec;
    if (!pool.mode && main_codec != codec_kind::json) {
      pool.from.owner().error(problem::missing_key, pool.from.at(), pool.from.path_to("protocol.mode"),
                              "required, because text can be answered in several ways; write stream for a filter, "
                              "request_reply for one line back per line, or envelope");
      return;
    }
    spec.protocol.mode = pool.mode.value_or(spec.inputs.empty() ? protocol_mode::stream : protocol_mode::envelope);
    check_mode(pool);
  }

  void check_mode(const pool_draft& pool) {
    const auto& spec = pool.spec;
    const auto mode = spec.protocol.mode;
    const auto refuse = [&](std::string_view key, std::string message) {
      if (pool.from.has_own(key)) pool.from.error(key, problem::bad_combination, std::move(message));
    };
    if (mode == protocol_mode::envelope) {
      if (pool.codec == codec_kind::string) refuse("protocol", "mode envelope speaks JSON; remove 'codec: string'");
    } else if (pool.codec) {
      check_codec(pool, spec.inputs, true);
      check_codec(pool, spec.outputs, false);
    }
    if (mode != protocol_mode::stream) {
      if (spec.inputs.empty()) refuse("protocol", "mode " + std::string{to_string(mode)} + " answers messages and needs 'input'; use stream");
      return;
    }
    const bool has_many = !spec.replicas || *spec.replicas > 1;
    if (spec.order == order_mode::preserve && has_many) {
      pool.from.error("order", problem::bad_combination,
                      "mode stream does not tell which input an output belongs to; use 'replicas: 1' or another mode");
    }
    for (const auto* const key : {"max_in_flight", "message_timeout", "retry", "dead_letter"}) {
      if (!spec.inputs.empty()) refuse(key, "has no meaning with mode stream, which acknowledges nothing");
    }
  }

  [[nodiscard]] static bool names(const std::vector<channel_ref>& refs, std::string_view channel) {
    return std::any_of(refs.begin(), refs.end(), [&](const channel_ref& one) { return one.name == channel; });
  }

  void check_ends(const channel_draft& channel) {
    const auto& spec = channel.spec;
    if (spec.external) return;
    bool has_producer = false;
    bool has_consumer = false;
    std::string disabled;
    for (const auto& pool : pools_) {
      const bool is_dead_letter = pool.spec.dead_letter && pool.spec.dead_letter->name == spec.name;
      const bool writes = names(pool.spec.outputs, spec.name) || is_dead_letter;
      const bool reads = names(pool.spec.inputs, spec.name) || is_dead_letter;
      if (!pool.spec.enabled && (writes || reads)) disabled = pool.spec.name;
      if (!pool.spec.enabled) continue;
      has_producer = has_producer || writes;
      has_consumer = has_consumer || reads; // `troupe dlq` reads dead letters.
    }
    if (has_producer && has_consumer) return;
    std::string message = has_producer ? "nothing reads this channel" : has_consumer ? "nothing writes this channel" : "nothing uses this channel";
    message += disabled.empty() ? "; " : "; pool " + quoted(disabled) + " is not enabled, ";
    message += has_producer ? "name it as 'input' of a pool, or set 'external: true'"
               : has_consumer ? "name it as 'output' of a pool, or set 'external: true'"
                              : "remove it, or set 'external: true'";
    owner_.error(problem::dangling_channel, spec.at, channel.from.path(), std::move(message));
  }

  void decide_delivery(channel_draft& channel) {
    auto& spec = channel.spec;
    const bool drops = spec.when_full == full_policy::drop_newest || spec.when_full == full_policy::drop_oldest;
    bool is_acknowledged = true;
    for (const auto& pool : pools_) {
      const bool is_stream = (pool.spec.kind == pool_kind::command || pool.spec.kind == pool_kind::shell) &&
                             pool.spec.protocol.mode == protocol_mode::stream;
      if (!is_stream || !names(pool.spec.inputs, spec.name)) continue;
      is_acknowledged = false;
      if (channel.delivery != delivery_mode::at_least_once) continue;
      channel.from.error("delivery", problem::bad_combination,
                         "pool " + quoted(pool.spec.name) + at_line(pool.spec.at) +
                             " reads this channel in mode stream, which acknowledges nothing; write at_most_once");
    }
    const auto natural = is_acknowledged && !drops ? delivery_mode::at_least_once : delivery_mode::at_most_once;
    spec.delivery = channel.delivery.value_or(natural);
  }

  // Depth first over pools; a pool met again while it is open closes a circle.
  void check_circles() {
    std::vector<std::size_t> path;
    std::vector<int> state(pools_.size(), 0); // 0 new, 1 open, 2 done.
    for (std::size_t i = 0; i < pools_.size(); ++i) {
      if (state[i] == 0) visit(i, path, state);
    }
  }

  void visit(std::size_t index, std::vector<std::size_t>& path, std::vector<int>& state) {
    state[index] = 1;
    path.push_back(index);
    for (std::size_t next = 0; next < pools_.size(); ++next) {
      if (link(pools_[index].spec, pools_[next].spec).empty()) continue;
      if (state[next] == 1) report_circle(std::find(path.begin(), path.end(), next), path.end());
      if (state[next] == 0) visit(next, path, state);
    }
    path.pop_back();
    state[index] = 2;
  }

  // The channel that leads from one pool to the other, or nothing. A pool whose dead letters come
  // back to itself is told elsewhere.
  [[nodiscard]] static std::string link(const pool_spec& from, const pool_spec& to) {
    for (const auto& out : from.outputs) {
      if (names(to.inputs, out.name)) return out.name;
    }
    const bool comes_back = from.dead_letter && &from != &to && names(to.inputs, from.dead_letter->name);
    return comes_back ? from.dead_letter->name : std::string{};
  }

  using step = std::vector<std::size_t>::const_iterator;

  void report_circle(step begin, step end) {
    const auto& first = pools_[*begin];
    auto message = std::string{"pools feed each other in a circle: "};
    for (auto at = begin; at != end; ++at) {
      const auto& pool = pools_[*at].spec;
      const auto& next = pools_[std::next(at) == end ? *begin : *std::next(at)].spec;
      message += pool.name + at_line(pool.at) + " -> " + link(pool, next) + " -> ";
    }
    owner_.error(problem::cycle, first.spec.at, first.from.path(), message + first.spec.name);
  }

  context& owner_;
  std::vector<channel_draft>& channels_;
  std::vector<pool_draft>& pools_;
  std::map<std::string, channel_draft*, std::less<>> by_name_;
};

} // namespace

void check_graph(context& owner, std::vector<channel_draft>& channels, std::vector<pool_draft>& pools) {
  graph_check{owner, channels, pools}.run();
}

} // namespace troupe::config::detail
