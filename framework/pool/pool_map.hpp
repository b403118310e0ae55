// Part of Troupe; see LICENSE.

// The parts of pool that walk ranges; included by pool.hpp.

#pragma once

#include "troupe/os/huge_pages.hpp"
#include "troupe/pool/completion_queue.hpp"
#include "troupe/pool/option_checks.hpp"
#include "troupe/pool/pool.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace troupe {

namespace detail {

/// A chunk as large as this is cut from any range: larger ones leave the cache.
inline constexpr std::size_t chunk_max = 65'536;
/// Chunks per worker when the length is known: small enough to even out, few enough to be cheap.
inline constexpr std::size_t chunks_per_worker = 16;
inline constexpr std::size_t chunk_of_unknown_length = 256;
inline constexpr std::size_t look_ahead_per_worker = 4;

template<class Range>
std::size_t choose_chunk(const Range& range, std::size_t wanted, std::size_t workers) {
  if (wanted > 0) return wanted;
  if constexpr (requires { range.size(); }) {
    const auto length = static_cast<std::size_t>(range.size());
    const auto even = length / (chunks_per_worker * workers) + 1;
    return even < chunk_max ? even : chunk_max;
  } else {
    return chunk_of_unknown_length;
  }
}

/// Chunks of a range, one after the other: as a view where its elements lie in a row and are their
/// own bytes, as pointers where they cannot be copied, else as a copy.
template<class Range>
class chunk_source {
  using iterator = decltype(std::begin(std::declval<Range&>()));
  using end_iterator = decltype(std::end(std::declval<Range&>()));
  static constexpr bool is_viewed = std::contiguous_iterator<iterator> &&
                                    std::sized_sentinel_for<end_iterator, iterator> &&
                                    is_read_in_place<element_t<Range>>;

public:
  using items =
      std::conditional_t<is_viewed, std::span<const element_t<Range>>,
                         std::conditional_t<is_borrowed<Range>, borrowed_items<element_t<Range>>,
                                            std::vector<element_t<Range>>>>;

  explicit chunk_source(Range& range) : at_{std::begin(range)}, end_{std::end(range)} {}

  [[nodiscard]] bool is_empty() const { return at_ == end_; }

  /// The next elements, at most `count`; valid until the next call.
  const items& take(std::size_t count) {
    if constexpr (is_viewed) {
      const auto taken = std::min(count, static_cast<std::size_t>(end_ - at_));
      items_ = {std::to_address(at_), taken};
      at_ += static_cast<std::ptrdiff_t>(taken);
    } else {
      items_.clear();
      for (; items_.size() < count && at_ != end_; ++at_) items_.push_back(*at_);
    }
    return items_;
  }

private:
  iterator at_;
  end_iterator end_;
  items items_{};
};

} // namespace detail

template<bool IsStar, class F, class Items>
auto pool::submit_chunk(F& f, const Items& items) {
  using function = std::decay_t<F>;
  using result = detail::element_result<IsStar, typename detail::caller<function>::type,
                                        typename Items::value_type>;
  using answer = std::conditional_t<std::is_void_v<result>, void, std::vector<result>>;
  detail::encoded_call call;
  large_room room{core()};
  detail::encode_chunk<IsStar, large_room&, function>(call, room, f, items);
  return future<answer>{send(call, room, {})};
}

template<bool IsStar, class F, class Range>
auto pool::run_map(F&& f, Range&& range, const map_options& options) {
  if constexpr (detail::is_map_call<IsStar, std::decay_t<F>, std::remove_reference_t<Range>>()) {
    return run_sound_map<IsStar>(f, range, options);
  }
}

template<bool IsStar, class F, class Range>
auto pool::run_sound_map(F& f, Range& range, const map_options& options) {
  using source = detail::chunk_source<std::remove_reference_t<Range>>;
  using chunk_future = decltype(submit_chunk<IsStar>(f, std::declval<typename source::items&>()));
  using answer = typename chunk_future::value_type;
  constexpr bool is_void = std::is_void_v<answer>;
  (void)core(); // Refuses a pool without workers before anything is divided by their number.
  option_checks::check(options);
  const auto chunk = detail::choose_chunk(range, options.chunk, size());
  const auto ahead =
      options.look_ahead > 0 ? options.look_ahead : size() * detail::look_ahead_per_worker;

  std::deque<chunk_future> in_flight;
  std::exception_ptr first_error;
  std::conditional_t<is_void, int, answer> results{};
  const auto collect_one = [&] {
    const auto oldest = std::move(in_flight.front());
    in_flight.pop_front();
    try {
      if constexpr (is_void) {
        oldest.get();
      } else {
        detail::future_access::append(oldest, results);
      }
    } catch (...) {
      if (!first_error) first_error = std::current_exception();
    }
  };
  if constexpr (!is_void && requires { range.size(); }) {
    results.reserve(static_cast<std::size_t>(range.size()));
    if constexpr (requires { results.data(); }) {
      os::prefer_huge_pages(results.data(), results.capacity() * sizeof(*results.data()));
    }
  }
  for (source elements{range}; !elements.is_empty();) {
    const auto& items = elements.take(chunk);
    if (in_flight.size() >= ahead) collect_one();
    in_flight.push_back(submit_chunk<IsStar>(f, items));
  }
  while (!in_flight.empty()) collect_one();
  if (first_error) std::rethrow_exception(first_error);
  if constexpr (!is_void) return results;
}

template<class Range, class F, class Use>
void pool::for_each_completed(F&& f, Range&& range, Use&& use, const map_options& options) {
  if constexpr (detail::is_map_call<false, std::decay_t<F>, std::remove_reference_t<Range>>()) {
    run_sound_for_each(f, range, use, options);
  }
}

template<class Range, class F, class Use>
void pool::run_sound_for_each(F& f, Range& range, Use& use, const map_options& options) {
  using source = detail::chunk_source<std::remove_reference_t<Range>>;
  using chunk_future = decltype(submit_chunk<false>(f, std::declval<typename source::items&>()));
  struct part {
    std::size_t first_index;
    chunk_future result;
  };
  (void)core();
  option_checks::check(options);
  const auto chunk = options.chunk > 0 ? options.chunk : 1;
  const auto ahead =
      options.look_ahead > 0 ? options.look_ahead : size() * detail::look_ahead_per_worker;
  const auto done = std::make_shared<detail::completion_queue<part>>();
  std::size_t in_flight = 0;
  std::size_t next_index = 0;
  std::exception_ptr first_error;
  const auto use_one = [&] {
    const auto finished = done->take();
    --in_flight;
    try {
      auto index = finished.first_index;
      if constexpr (std::is_void_v<typename chunk_future::value_type>) {
        finished.result.get();
        use(index);
      } else {
        for (auto&& value : finished.result.get()) {
          if (!first_error) use(index++, std::move(value));
        }
      }
    } catch (...) {
      if (!first_error) first_error = std::current_exception();
    }
  };
  try {
    for (source elements{range}; !elements.is_empty() && !first_error;) {
      const auto& items = elements.take(chunk);
      while (in_flight >= ahead) use_one();
      if (first_error) break;
      const auto index = next_index;
      next_index += items.size();
      const auto sent = submit_chunk<false>(f, items);
      ++in_flight; // Only now: a chunk that was refused never completes.
      // Not by `then`: its thread may be the one that is here.
      detail::future_access::at_once(sent, [done, index](chunk_future result) {
        done->put({index, std::move(result)});
      });
    }
  } catch (...) { // Of the range or of submit.
    if (!first_error) first_error = std::current_exception();
  }
  while (in_flight > 0) use_one();
  if (first_error) std::rethrow_exception(first_error);
}

} // namespace troupe
