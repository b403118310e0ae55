// Part of Troupe; see LICENSE.

// What pools and channels say of each other: names, types, both ends, deliveries.

#include "troupe/config/detail/graph.hpp"
#include "troupe/config/detail/hints.hpp"

#include <algorithm>
#include <map>

namespace troupe::config::detail {

namespace {

void check_reference(graph& all, const pool_draft& pool, std::string_view key,
                     const channel_ref& ref) {
  if (all.find(ref.name) != nullptr) return;
  std::vector<std::string_view> known;
  for (const auto& one : all.channels()) known.push_back(one.spec.name);
  const auto guess = did_you_mean(ref.name, known);
  all.error(problem::unknown_reference, ref.at, pool.from.path_to(key),
            "no channel is called " + in_quotes(ref.name) +
                (guess.empty() ? "; declare it under 'channels'" : guess));
}

// What it could not give on is a line of its output, or the name of what it could not read.
void check_dead_letter_of_source(graph& all, const pool_draft& pool, const channel_draft& target) {
  if (!pool.spec.inputs.empty() || target.spec.type == "json") return;
  const auto& ref = *pool.spec.dead_letter;
  for (const auto& output : pool.spec.outputs) {
    const auto* const channel = all.find_typed(output.name);
    if (channel == nullptr || target.spec.type == channel->spec.type) continue;
    all.error(problem::type_mismatch, ref.at, pool.from.path_to("dead_letter"),
              "channel " + in_quotes(ref.name) + at_line(target.spec.at) + " carries " +
                  target.spec.type + ", but dead letters of a source are json or, as the output " +
                  in_quotes(output.name) + at_line(channel->spec.at) + ", " + channel->spec.type);
  }
}

void check_dead_letter(graph& all, const pool_draft& pool) {
  if (!pool.spec.dead_letter) return;
  const auto& ref = *pool.spec.dead_letter;
  const auto path = pool.from.path_to("dead_letter");
  const auto* const target = all.find_typed(ref.name);
  if (target == nullptr) return;
  check_dead_letter_of_source(all, pool, *target);
  for (const auto& input : pool.spec.inputs) {
    const auto* const channel = all.find_typed(input.name);
    if (channel == target) {
      all.error(problem::cycle, ref.at, path,
                "the dead letter channel " + in_quotes(ref.name) + at_line(target->spec.at) +
                    " is the pool's own input" + at_line(input.at) +
                    "; a message that fails would come back for ever");
    } else if (channel != nullptr && target->spec.type != "json" &&
               target->spec.type != channel->spec.type) {
      all.error(problem::type_mismatch, ref.at, path,
                "channel " + in_quotes(ref.name) + at_line(target->spec.at) + " carries " +
                    target->spec.type + ", but dead letters are json or, as the input " +
                    in_quotes(input.name) + at_line(channel->spec.at) + ", " + channel->spec.type);
    }
  }
}

bool drops(const channel_spec& channel) {
  return channel.when_full == full_policy::drop_newest ||
         channel.when_full == full_policy::drop_oldest;
}

struct channel_ends {
  bool has_producer = false;
  bool has_consumer = false;
  std::string disabled; // A pool that would be one, but is not enabled.
};

channel_ends ends_of(const graph& all, const std::string& channel) {
  channel_ends out;
  for (const auto& pool : all.pools()) {
    const auto& spec = pool.spec;
    // `troupe dlq` reads dead letters, so they need no other reader.
    const bool is_dead_letter = spec.dead_letter && spec.dead_letter->name == channel;
    const bool writes = is_dead_letter || names(spec.outputs, channel);
    const bool reads = is_dead_letter || names(spec.inputs, channel);
    if (spec.enabled) {
      out.has_producer = out.has_producer || writes;
      out.has_consumer = out.has_consumer || reads;
    } else if (writes || reads) {
      out.disabled = spec.name;
    }
  }
  return out;
}

std::string explain_ends(const channel_ends& ends) {
  const auto reason = ends.disabled.empty()
                          ? std::string{}
                          : " (pool " + in_quotes(ends.disabled) + " is not enabled)";
  if (ends.has_producer) {
    return "nothing reads this channel" + reason + "; name it as 'input' of a pool";
  }
  if (ends.has_consumer) {
    return "nothing writes this channel" + reason + "; name it as 'output' of a pool";
  }
  return "nothing uses this channel" + reason + "; remove it";
}

} // namespace

void check_references(graph& all) {
  for (const auto& pool : all.pools()) {
    if (const auto* const channel = all.find(pool.spec.name)) {
      all.error(problem::name_used_twice, pool.spec.at, pool.from.path(),
                "a channel" + at_line(channel->spec.at) +
                    " has this name too, and commands such as drain take both; rename one");
    }
    for (const auto& one : pool.spec.inputs) check_reference(all, pool, "input", one);
    for (const auto& one : pool.spec.outputs) check_reference(all, pool, "output", one);
    if (pool.spec.dead_letter) check_reference(all, pool, "dead_letter", *pool.spec.dead_letter);
  }
}

// Two that read, or write, the same descriptor would take each other's bytes, or mix them.
void check_own_streams(graph& all) {
  std::map<std::string_view, const pool_draft*> users;
  for (const auto& pool : all.pools()) {
    if (!pool.spec.enabled || pool.ready_made == nullptr || !pool.ready_made->is_in_host) continue;
    const auto [first, is_first] = users.emplace(pool.ready_made->name, &pool);
    if (is_first) continue;
    const auto& other = first->second->spec;
    all.error(problem::bad_combination, pool.spec.at, pool.from.path_to("builtin"),
              "pool " + in_quotes(other.name) + at_line(other.at) + " has the " +
                  pool.spec.builtin +
                  " of this run already, and there is only one; join them with "
                  "a channel");
  }
}

void check_types(graph& all) {
  for (const auto& pool : all.pools()) {
    check_dead_letter(all, pool);
    if (pool.ready_made == nullptr) continue;
    const auto check = [&](const std::vector<channel_ref>& refs, const std::string& type,
                           bool is_input) {
      for (const auto& ref : refs) {
        const auto* const channel = all.find_typed(ref.name);
        if (channel == nullptr || type.empty() || channel->spec.type == type) continue;
        all.mismatch(pool, ref, is_input, type + " (builtin " + pool.spec.builtin + ")");
      }
    };
    check(pool.spec.inputs, pool.ready_made->input_type, true);
    check(pool.spec.outputs, pool.ready_made->output_type, false);
  }
}

void check_ends(graph& all) {
  for (const auto& channel : all.channels()) {
    if (channel.spec.external) continue;
    const auto ends = ends_of(all, channel.spec.name);
    if (ends.has_producer && ends.has_consumer) continue;
    all.error(problem::dangling_channel, channel.spec.at, channel.from.path(), explain_ends(ends));
  }
}

void decide_deliveries(graph& all) {
  for (auto& channel : all.channels()) {
    bool is_acknowledged = true;
    for (const auto& pool : all.pools()) {
      const bool is_stream =
          is_foreign(pool.spec) && pool.spec.protocol.mode == protocol_mode::stream;
      if (!is_stream || !names(pool.spec.inputs, channel.spec.name)) continue;
      is_acknowledged = false;
      if (channel.delivery != delivery_mode::at_least_once) continue;
      channel.from.error("delivery", problem::bad_combination,
                         "pool " + in_quotes(pool.spec.name) + at_line(pool.spec.at) +
                             " reads this channel in mode stream, which acknowledges nothing; "
                             "write at_most_once");
    }
    const bool is_sure = is_acknowledged && !drops(channel.spec);
    if (is_sure && channel.delivery == delivery_mode::at_most_once) {
      channel.from.error("delivery", problem::planned_key,
                         "'at_most_once' for readers that acknowledge is planned, not available in "
                         "this build; remove it, and set 'retry: { max_attempts: 1 }' in the pools "
                         "that read it: then no message is tried again");
    }
    channel.spec.delivery = channel.delivery.value_or(is_sure ? delivery_mode::at_least_once
                                                              : delivery_mode::at_most_once);
  }
}

} // namespace troupe::config::detail
