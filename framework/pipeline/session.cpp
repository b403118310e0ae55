// Part of Troupe; see LICENSE.

#include "troupe/pipeline/session.hpp"

#include "troupe/base/text.hpp"
#include "troupe/pipeline/config_text.hpp"
#include "troupe/pipeline/module.hpp"
#include "troupe/pool/exception_text.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

namespace troupe::pipeline {
namespace {

// A source answers after this long even if it was asked for more, so that messages do not wait.
constexpr std::chrono::milliseconds produce_slice{1};
// An aggregation commits at once when its outputs would otherwise fill this process's memory.
constexpr std::size_t held_output_bytes_max = 256 * 1024;
// The clock is read at the first messages, then at each of so many: it costs more than a message.
constexpr std::uint32_t clock_stride = 16;
// A stream that once held a large answer gives its memory back.
constexpr std::size_t stream_bytes_kept = 4 * payload_bytes_max;

// Of what an exception says; it goes into logs and records.
constexpr std::size_t error_bytes_max = 16 * 1024;

// What the exception that is being handled says.
struct problem_text {
  std::string text;
  bool is_final = false;
};

problem_text what_happened() {
  try {
    throw;
  } catch (const message_refused& problem) {
    return {text_of_exception(problem, error_bytes_max), true};
  } catch (...) {
    return {text_of_current_exception(error_bytes_max), false};
  }
}

std::chrono::microseconds fit(std::chrono::microseconds time) {
  return std::chrono::microseconds{
      std::clamp<std::int64_t>(time.count(), 0, std::numeric_limits<std::uint32_t>::max())};
}

} // namespace

std::chrono::microseconds session::elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_() - started_);
}

void session::run(bytes_view job, const reply_sink& reply) {
  forget_sent();
  take(job);
  send(reply);
}

// Leaves room for the head of the next reply before what is still to be sent.
void session::forget_sent() {
  const bool is_all_sent = sent_ == stream_.size();
  if (is_all_sent && stream_.capacity() > stream_bytes_kept) stream_ = {};
  if (is_all_sent) {
    stream_.assign(reply_head_bytes, std::byte{});
  } else if (sent_ < payload_bytes_max || sent_ * 2 < stream_.size()) {
    return; // Each byte is moved once on average.
  } else {
    const auto gone = static_cast<std::ptrdiff_t>(sent_ - reply_head_bytes);
    stream_.erase(stream_.begin(), stream_.begin() + gone);
  }
  sent_ = reply_head_bytes;
}

void session::take(bytes_view payload) {
  const bool is_piece = !payload.empty() && static_cast<job_kind>(payload[0]) == job_kind::piece;
  if (!is_piece && pieces_.is_empty()) return dispatch(payload);
  switch (pieces_.add(payload)) {
  case piece_collector::progress::incomplete:
    return;
  case piece_collector::progress::whole:
    return dispatch(pieces_.take());
  case piece_collector::progress::broken:
    break;
  }
  pieces_.clear();
  append_garbled(stream_);
}

// The head of a reply is written over what was sent before it.
void session::send(const reply_sink& reply) {
  const auto size = std::min(stream_.size() - sent_, payload_bytes_max);
  const auto begin = sent_ - reply_head_bytes;
  std::memcpy(stream_.data() + begin, &place_, reply_head_bytes);
  reply(bytes_view{stream_}.subspan(begin, reply_head_bytes + size));
  sent_ += size;
  place_ += size;
}

void session::dispatch(bytes_view job) {
  started_ = clock_();
  error_texts_.clear();
  const auto kind = job.empty() ? job_kind::piece : static_cast<job_kind>(job[0]);
  if (kind == job_kind::open) return open(job);
  if (kind == job_kind::fetch) return;
  if (!worker_) return append_skipped(stream_);
  try {
    switch (kind) {
    case job_kind::batch:
      return run_batch(job);
    case job_kind::resume:
      return run_resume(job);
    case job_kind::produce:
      return produce(job);
    case job_kind::checkpoint:
    case job_kind::finish:
      return save_and_answer(kind);
    case job_kind::open:
    case job_kind::fetch:
    case job_kind::piece:
      break;
    }
    stop("the host sent a job of unknown kind; host and worker are of different builds");
  } catch (const stage_failed& problem) {
    stop(problem.what());
  }
}

void session::open(bytes_view job) {
  worker_.reset();
  out_.clear();
  has_ended_ = false;
  const auto asked = decode_open(job);
  if (!asked) return stop("the host's open job is broken; host and worker are of different builds");
  slice_ = std::chrono::microseconds{asked->slice_us};
  const auto found = find_in_module(asked->worker, asked->module);
  if (!found) return stop(found.error().message);
  try {
    auto config = parse_config({asked->config_json, asked->config_places_json}, asked->stage,
                               asked->replica, asked->state.has_value());
    if (!config) return stop(config.error().message);
    entry_ = *found;
    worker_ = entry_->make(*config);
    opened_answer opened{entry_->role, entry_->input(), entry_->output(), {}};
    if (asked->state) {
      worker_->load(*asked->state);
    } else if (entry_->role != worker_role::transform) {
      // Committed before the first message: a successor goes back to this, not to what it finds.
      state_.clear();
      worker_->save(state_);
      opened.state = state_;
    }
    append(opened);
  } catch (...) {
    return stop(what_happened().text);
  }
}

void session::run_batch(bytes_view job) {
  detail::byte_reader from{job};
  from.raw(1);
  const auto count = from.number<std::uint32_t>();
  if (entry_->role == worker_role::transform) return transform(from.rest(), count, {});
  accumulate(from.rest(), count);
}

void session::run_resume(bytes_view job) {
  detail::byte_reader from{job};
  from.raw(1);
  std::string cursor{from.text()};
  transform(from.rest(), 1, std::move(cursor));
}

// Works on messages one by one; each either gives all its outputs, or a piece of them, or none.
void session::transform(bytes_view messages, std::uint32_t count, std::string cursor) {
  commit done;
  done.outputs_of.reserve(count);
  if (worker_->takes_batches()) {
    batch_report report{out_, done, error_texts_};
    worker_->transform_batch(messages, count, report);
    return answer(std::move(done));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto message = unpack(messages);
    if (!message) break;
    if (transform_one(*message, cursor, done)) {
      done.goes_on = true;
      done.cursor = cursor;
      break;
    }
    cursor.clear();
    const bool is_due = i < clock_stride || i % clock_stride == 0;
    if (slice_.count() > 0 && is_due && i + 1 < count && elapsed() >= slice_) break;
  }
  answer(std::move(done));
}

bool session::transform_one(bytes_view message, std::string& cursor, commit& done) {
  const auto before = out_.size();
  bool goes_on = false;
  try {
    goes_on = worker_->expand(message, cursor, out_);
    if (goes_on && cursor.empty()) throw std::logic_error{"expand() went on without a cursor"};
  } catch (const stage_failed&) {
    throw;
  } catch (...) {
    goes_on = false;
    out_.rewind(before);
    const auto index = static_cast<std::uint32_t>(done.outputs_of.size());
    auto [text, is_final] = what_happened();
    error_texts_.push_back(std::move(text));
    done.errors.push_back({index, is_final, {}}); // The text is set when it cannot move any more.
  }
  done.outputs_of.push_back(static_cast<std::uint32_t>(out_.size().count - before.count));
  return goes_on;
}

// Works on messages with state: all of them, or the session is over and the host goes back to the
// last state.
void session::accumulate(bytes_view messages, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto message = unpack(messages);
    if (!message) break;
    try {
      worker_->apply(*message, out_);
    } catch (const stage_failed&) {
      throw;
    } catch (...) {
      auto [text, is_final] = what_happened();
      return fail_session({i, is_final, text});
    }
  }
  commit done;
  done.outputs_of.assign(count, 0);
  if (worker_->commits_each_job() || out_.size().bytes >= held_output_bytes_max) {
    state_.clear();
    try {
      worker_->save(state_);
    } catch (...) {
      return stop(what_happened().text);
    }
    done.state = state_;
  }
  answer(std::move(done));
}

void session::produce(bytes_view job) {
  detail::byte_reader from{job};
  from.raw(1);
  const packed_size room{from.number<std::uint32_t>(), from.number<std::uint32_t>()};
  out_.set_room(room);
  commit done;
  try {
    while (!has_ended_ && !out_.is_full() && elapsed() < produce_slice) {
      const auto before = out_.size().count;
      has_ended_ = !worker_->produce(out_);
      if (out_.size().count == before && out_.skipped().empty()) break;
    }
    done.has_ended = has_ended_;
    state_.clear();
    worker_->save(state_);
  } catch (const stage_failed&) {
    throw;
  } catch (...) {
    auto [text, is_final] = what_happened();
    return fail_session({0, is_final, text});
  }
  done.state = state_;
  answer(std::move(done));
}

void session::save_and_answer(job_kind kind) {
  commit done;
  state_.clear();
  try {
    if (kind == job_kind::finish) worker_->finish(out_);
    worker_->save(state_);
  } catch (...) {
    return stop(what_happened().text);
  }
  done.state = state_;
  answer(std::move(done));
}

// The worker object may have done half of a message: it is thrown away.
void session::fail_session(const input_error& problem) {
  worker_.reset();
  out_.clear();
  error_texts_.emplace_back(problem.text);
  commit failed;
  failed.errors.push_back(problem);
  answer(std::move(failed));
}

void session::stop(const std::string& why) {
  worker_.reset();
  out_.clear();
  append_failed(stream_, text::shortened(why, error_bytes_max));
}

// Outputs travel with a commit: of a stateful worker, only together with the state.
void session::answer(commit value) {
  for (std::size_t i = 0; i < value.errors.size(); ++i) value.errors[i].text = error_texts_[i];
  for (const auto& item : out_.skipped()) value.skipped.push_back({item.what, item.why});
  if (!value.skipped.empty() && entry_->role != worker_role::source) {
    return stop("only a source may skip what it cannot read; throw message_refused for a message");
  }
  const bool is_commit = value.state || (entry_->role == worker_role::transform);
  if (is_commit) value.outputs = out_.block();
  value.elapsed = fit(elapsed());
  value.troubles = out_.take_troubles();
  append(value);
  if (is_commit) out_.clear();
}

template<class Answer>
void session::append(const Answer& value) {
  const auto at = stream_.size();
  append_record(stream_, value);
  if (stream_.size() - at <= answer_bytes_max) return;
  stream_.resize(at);
  stop("its state and what it gives at once are longer than the 1 GiB that an answer may have");
}

void serve_job(bytes_view job, const reply_sink& reply) {
  static session only;
  only.run(job, reply);
}

} // namespace troupe::pipeline
