// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/catalogue.hpp"
#include "troupe/pipeline/session.hpp"
#include "troupe/pipeline/work.hpp"

#include "support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::test {

/// A folder for one test, removed at its end.
class scratch_folder {
public:
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path{*this / name}.parent_path());
    std::ofstream{*this / name, std::ios::binary} << content;
  }

private:
  temporary_folder folder_;
  std::string path_ = folder_.path().string();
};

inline std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

/// Talks to one builtin as the host does, job by job.
class driver {
public:
  struct reply {
    std::string failed; ///< Text of a failure.
    std::vector<std::string> outputs;
    std::vector<std::string> errors;
    std::vector<bool> final_errors;
    std::vector<std::string> skipped;    ///< What a source could not read,
    std::vector<std::string> reasons;    ///< and why.
    std::vector<std::uint32_t> attempts; ///< Of each error.
    pipeline::trouble_counts troubles;
    std::optional<std::string> state;
    std::size_t consumed = 0;
    bool has_ended = false;
    bool goes_on = false;
    std::string cursor;
  };

  driver() { actors::install_builtins(); }

  reply open(const std::string& worker, const nlohmann::json& config,
             const std::optional<std::string>& state = {}, const std::string& module = "") {
    pipeline::open_job job{worker, module, config.dump(), "test", 0, 0, {}, {}};
    if (state) {
      const auto bytes = pipeline::detail::as_bytes(*state);
      job.state.emplace(bytes.begin(), bytes.end());
    }
    std::vector<std::byte> bytes;
    pipeline::encode(bytes, job);
    return run(bytes);
  }
  reply batch(const std::vector<std::string>& messages) {
    std::vector<std::byte> job;
    pipeline::begin_batch(job);
    for (const auto& each : messages) pipeline::pack(job, pipeline::detail::as_bytes(each));
    pipeline::finish_batch(job, static_cast<std::uint32_t>(messages.size()));
    return run(job);
  }
  reply resume(const std::string& message, const std::string& cursor) {
    std::vector<std::byte> job;
    pipeline::begin_batch(job);
    pipeline::pack(job, pipeline::detail::as_bytes(message));
    return run(pipeline::encode_resume(job, cursor));
  }
  reply produce(std::size_t count) { return run(pipeline::encode_produce({count, 1 << 20})); }
  reply finish() { return run(pipeline::encode_bare(pipeline::job_kind::finish)); }

private:
  reply run(pipeline::bytes_view job) {
    std::vector<std::byte> stream;
    const auto take = [&](pipeline::bytes_view bytes) {
      stream.insert(stream.end(), bytes.begin() + pipeline::reply_head_bytes, bytes.end());
    };
    session_.run(job, take);
    pipeline::bytes_view record;
    for (;;) {
      pipeline::bytes_view rest{stream};
      const auto state = pipeline::take_record(rest, record);
      BOOST_REQUIRE((state != pipeline::record_state::broken));
      if (state == pipeline::record_state::whole) break;
      session_.run(pipeline::encode_bare(pipeline::job_kind::fetch), take);
    }
    const auto value = pipeline::decode_answer(record);
    BOOST_REQUIRE(value.has_value());
    return read(*value);
  }

  static reply read(const pipeline::answer& value) {
    reply made;
    made.failed = value.text;
    const auto& done = value.done;
    auto outputs = done.outputs;
    while (const auto message = pipeline::unpack(outputs)) {
      made.outputs.emplace_back(pipeline::detail::as_text(*message));
    }
    for (const auto& error : done.errors) {
      made.errors.emplace_back(error.text);
      made.final_errors.push_back(error.is_final);
      made.attempts.push_back(error.attempts);
    }
    for (const auto& item : done.skipped) {
      made.skipped.emplace_back(item.what);
      made.reasons.emplace_back(item.why);
    }
    const auto state =
        value.kind == pipeline::answer_kind::opened ? value.opened.state : done.state;
    if (state) made.state = std::string{pipeline::detail::as_text(*state)};
    made.consumed = done.outputs_of.size();
    made.has_ended = done.has_ended;
    made.goes_on = done.goes_on;
    made.cursor = done.cursor;
    made.troubles = done.troubles;
    return made;
  }

  pipeline::session session_;
};

} // namespace troupe::test
