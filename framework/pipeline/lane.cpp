// Part of Troupe; see LICENSE.

#include "troupe/pipeline/lane.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/pipeline/pieces.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {
namespace {

// An inbox that once held a large answer gives its memory back.
constexpr std::size_t inbox_bytes_kept = 4 * payload_bytes_max;

bytes_view bytes_of(const ledger_entry& entry) {
  return entry.kind == job_kind::batch ? bytes_view{entry.item.job} : bytes_view{entry.payload};
}

} // namespace

void lane::attach() {
  TROUPE_ASSERT(!is_attached_ && is_idle() && sent_.empty());
  is_attached_ = true;
}

void lane::enqueue(job_kind kind, std::vector<std::byte> payload, std::size_t asked) {
  ledger_entry entry;
  entry.asked = asked;
  entry.kind = kind;
  entry.payload = std::move(payload);
  add(std::move(entry));
}

void lane::enqueue(work item) {
  ledger_entry entry;
  if (!item.cursor.empty()) {
    entry.kind = job_kind::resume;
    entry.payload = encode_resume(item.job, item.cursor);
  }
  entry.item = std::move(item);
  messages_ += entry.item.size.count;
  add(std::move(entry));
}

void lane::add(ledger_entry entry) {
  TROUPE_ASSERT(is_attached_);
  waiting_.push_back(std::move(entry));
}

void lane::flush(lane_port& port) {
  while (!waiting_.empty()) {
    if (!post(port, waiting_.front())) return;
    ledger_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  // Everything posted was replied to, but an answer is incomplete: the rest waits in the worker.
  if (!ledger_.empty() && sent_.empty()) {
    const job_id job{next_job_};
    if (!port.post(slot_, job, encode_bare(job_kind::fetch))) return;
    ++next_job_;
    sent_.push_back({job, true});
  }
}

// Posts an entry, in pieces when it is long; false when the port has no room now.
bool lane::post(lane_port& port, ledger_entry& entry) {
  const auto bytes = bytes_of(entry);
  if (bytes.size() <= payload_bytes_max) return post_payload(port, entry, bytes);
  if (entry.sent_bytes == 0) entry.sum = checksum(bytes);
  std::vector<std::byte> piece;
  while (entry.sent_bytes < bytes.size()) {
    const auto left = bytes.subspan(entry.sent_bytes);
    const auto next = left.first(std::min(left.size(), payload_bytes_max));
    const auto index = static_cast<std::uint32_t>(entry.sent_bytes / payload_bytes_max);
    encode_piece(piece, {index, bytes.size(), entry.sum}, next);
    if (!post_payload(port, entry, piece)) return false;
    entry.sent_bytes += next.size();
  }
  return true;
}

bool lane::post_payload(lane_port& port, ledger_entry& entry, bytes_view payload) {
  const job_id job{next_job_};
  if (!port.post(slot_, job, payload)) return false;
  ++next_job_;
  sent_.push_back({job, false});
  entry.last = job;
  return true;
}

bool lane::take_reply(job_id job, reply_kind kind, bytes_view bytes) {
  if (sent_.empty() || sent_.front().job != job || kind != reply_kind::value) return false;
  const bool is_fetch = sent_.front().is_fetch;
  sent_.pop_front();
  // The worker can write these bytes while they are read: each is read once, and everything is
  // checked on the copy.
  std::uint64_t place = 0;
  if (bytes.size() < reply_head_bytes) return false;
  std::memcpy(&place, bytes.data(), reply_head_bytes);
  bytes = bytes.subspan(reply_head_bytes);
  if (place != received_bytes_) return false;
  if (is_fetch && bytes.empty()) return false; // It would be asked for ever.
  forget_read_bytes();
  inbox_.insert(inbox_.end(), bytes.begin(), bytes.end());
  received_bytes_ += bytes.size();
  return true;
}

lane::reading lane::next_answer(ledger_entry& job, answer& into) {
  auto unread = bytes_view{inbox_}.subspan(inbox_read_);
  bytes_view record;
  switch (take_record(unread, record)) {
  case record_state::incomplete:
    return reading::none;
  case record_state::broken:
    return reading::nonsense;
  case record_state::whole:
    break;
  }
  if (ledger_.empty()) return reading::nonsense;
  auto value = decode_answer(record);
  if (!value) return reading::nonsense;
  inbox_read_ = inbox_.size() - unread.size();
  into = std::move(*value);
  job = std::move(ledger_.front());
  ledger_.pop_front();
  messages_ -= job.has_work() ? job.item.size.count : 0;
  front_since_.reset();
  return reading::answered;
}

void lane::forget_read_bytes() {
  if (inbox_read_ == 0) return;
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_read_));
  inbox_read_ = 0;
  if (inbox_.empty() && inbox_.capacity() > inbox_bytes_kept) inbox_.shrink_to_fit();
}

void lane::suspect_front() {
  if (!ledger_.empty()) ledger_.front().is_suspect = true;
}

std::deque<ledger_entry> lane::detach(std::optional<job_id> running) {
  auto left = std::move(ledger_);
  ledger_.clear();
  for (auto& entry : left) entry.is_suspect = entry.is_suspect || entry.last == running;
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(left));
  waiting_.clear();
  for (auto& entry : left) entry.sent_bytes = 0;
  sent_.clear();
  inbox_.clear();
  inbox_read_ = 0;
  received_bytes_ = 0;
  messages_ = 0;
  front_since_.reset();
  is_attached_ = false;
  return left;
}

void lane::note_time(time_point now) noexcept {
  if (!front_since_ && !ledger_.empty()) front_since_ = now;
}

} // namespace troupe::pipeline
