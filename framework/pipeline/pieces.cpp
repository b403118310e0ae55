// Part of Troupe; see LICENSE.

#include "troupe/pipeline/pieces.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace troupe::pipeline {
namespace {

constexpr std::uint64_t odd_factor = 0x9e3779b97f4a7c15;

// One-to-one in `word` and in `state`, so that no change of one word is lost on the way.
constexpr std::uint64_t mix(std::uint64_t state, std::uint64_t word) noexcept {
  return std::rotl((state ^ word) * odd_factor, 29);
}

} // namespace

// Four sums side by side: they do not wait for each other's multiplication.
std::uint64_t checksum(bytes_view bytes) noexcept {
  std::array<std::uint64_t, 4> sums{1, 2, 3, 4};
  std::array<std::uint64_t, 4> words{};
  while (bytes.size() >= sizeof(words)) {
    std::memcpy(words.data(), bytes.data(), sizeof(words));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = mix(sums[i], words[i]);
    bytes = bytes.subspan(sizeof(words));
  }
  words = {};
  if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  auto all = mix(0, bytes.size());
  for (std::size_t i = 0; i < sums.size(); ++i) all = mix(mix(all, sums[i]), words[i]);
  return all;
}

void encode_piece(std::vector<std::byte>& out, const piece_head& head, bytes_view bytes) {
  out.clear();
  detail::byte_writer to{out};
  to.number(job_kind::piece);
  to.number(head.index);
  to.number(head.total);
  to.number(head.sum);
  to.raw(bytes);
}

bool piece_collector::fits(const piece_head& head, bytes_view bytes) const {
  if (head.index != next_ || bytes.empty()) return false;
  if (next_ == 0) return head.total <= job_bytes_max && bytes.size() <= head.total;
  return head.total == first_.total && head.sum == first_.sum &&
         bytes.size() <= head.total - bytes_.size();
}

piece_collector::progress piece_collector::add(bytes_view payload) {
  detail::byte_reader from{payload};
  piece_head head;
  const auto kind = from.number<job_kind>();
  head.index = from.number<std::uint32_t>();
  head.total = from.number<std::uint64_t>();
  head.sum = from.number<std::uint64_t>();
  const auto bytes = from.rest();
  if (kind != job_kind::piece || from.is_bad() || !fits(head, bytes)) return progress::broken;
  if (next_ == 0) {
    first_ = head;
    bytes_.reserve(head.total);
  }
  ++next_;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  if (bytes_.size() < first_.total) return progress::incomplete;
  return checksum(bytes_) == first_.sum ? progress::whole : progress::broken;
}

std::vector<std::byte> piece_collector::take() {
  next_ = 0;
  return std::exchange(bytes_, {});
}

void piece_collector::clear() noexcept {
  next_ = 0;
  bytes_ = {};
}

} // namespace troupe::pipeline
