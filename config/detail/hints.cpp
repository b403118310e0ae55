// Part of Troupe; see LICENSE.

#include "troupe/config/detail/hints.hpp"

#include "troupe/base/text.hpp"

namespace troupe::config::detail {

namespace {

constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t guess_bytes_min = 3; // One letter is near to every other letter.

} // namespace

std::string in_quotes(std::string_view text) {
  return "'" + shown(text) + "'";
}

std::string shown(std::string_view text) {
  return text::printable(text, shown_bytes_max);
}

std::string comma_list(const std::vector<std::string_view>& words) {
  return text::join({words.begin(), words.end()}, ", ");
}

std::string did_you_mean(std::string_view given, const std::vector<std::string_view>& words) {
  if (given.size() < guess_bytes_min) return {};
  const auto near = text::nearest(given, words);
  return near.empty() ? std::string{} : "; did you mean '" + std::string{near} + "'?";
}

std::string offer(std::string_view given, const std::vector<std::string_view>& words) {
  auto guess = did_you_mean(given, words);
  if (!guess.empty() || words.empty()) return guess;
  return "; there are " + comma_list(words);
}

} // namespace troupe::config::detail
