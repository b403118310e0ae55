// Part of Troupe; see LICENSE.

#include "troupe/config/detail/hints.hpp"
#include "troupe/config/detail/pool_draft.hpp"
#include "troupe/config/units.hpp"

#include <algorithm>

namespace troupe::config::detail {

namespace {

full_policy full_policy_of(std::string_view word) {
  if (word == "drop_newest") return full_policy::drop_newest;
  if (word == "drop_oldest") return full_policy::drop_oldest;
  if (word == "reject") return full_policy::reject;
  return full_policy::block;
}

void read_type(const map_reader& from, const load_options& options, std::string& out) {
  from.text("type", out);
  const auto found = from.value("type");
  if (!found) return;
  std::vector<std::string_view> known{"bytes", "string", "json"};
  known.insert(known.end(), options.message_types.begin(), options.message_types.end());
  if (std::find(known.begin(), known.end(), out) != known.end()) return;
  if (from.owner().has_modules()) return; // Looked at when the modules are: `--environment`.
  found->error(problem::unknown_reference,
               "no message type is called " + in_quotes(out) + offer(out, known));
  out.clear(); // Unknown: what uses the channel is not blamed for it too.
}

} // namespace

channel_draft read_channel(const map_reader& from, const std::string& name,
                           const load_options& options) {
  channel_draft out{.spec = {}, .from = from, .delivery = {}};
  auto& spec = out.spec;
  spec.name = name;
  spec.at = from.at();
  read_type(from, options, spec.type);
  from.integer("capacity", spec.capacity);
  from.size("max_bytes", spec.max_bytes);
  from.size("max_message_bytes", spec.max_message_bytes);
  const auto largest = from.value("max_message_bytes");
  if (largest && spec.max_message_bytes > spec.max_bytes) {
    largest->error(problem::out_of_range, "must be at most 'max_bytes' (" +
                                              format_size(spec.max_bytes) + "), got " +
                                              format_size(spec.max_message_bytes));
  }
  spec.max_message_bytes = std::min(spec.max_message_bytes, spec.max_bytes);
  if (const auto word = from.word("when_full")) spec.when_full = full_policy_of(*word);
  if (const auto word = from.word("delivery")) {
    out.delivery =
        *word == "at_most_once" ? delivery_mode::at_most_once : delivery_mode::at_least_once;
  }
  from.boolean("external", spec.external);
  const bool drops =
      spec.when_full == full_policy::drop_newest || spec.when_full == full_policy::drop_oldest;
  if (drops && out.delivery == delivery_mode::at_least_once) {
    from.error("delivery", problem::bad_combination,
               "at_least_once and 'when_full: " + std::string{to_string(spec.when_full)} +
                   "' exclude each other; a dropped message is delivered never");
  }
  return out;
}

} // namespace troupe::config::detail
