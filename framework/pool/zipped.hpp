// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/call_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <tuple>

namespace troupe::detail {

/// Two ranges as one of tuples, as long as the shorter: std::views::zip for C++20, read once.
template<class First, class Second>
class zipped {
  using first_iterator = decltype(std::begin(std::declval<First&>()));
  using second_iterator = decltype(std::begin(std::declval<Second&>()));
  using first_end = decltype(std::end(std::declval<First&>()));
  using second_end = decltype(std::end(std::declval<Second&>()));

public:
  struct end_mark {
    first_end first;
    second_end second;
  };

  class iterator {
  public:
    iterator(first_iterator first, second_iterator second)
        : first_{std::move(first)}, second_{std::move(second)} {}

    auto operator*() const {
      return std::tuple<element_t<First>, element_t<Second>>{*first_, *second_};
    }
    iterator& operator++() {
      ++first_;
      ++second_;
      return *this;
    }
    friend bool operator==(const iterator& a, const end_mark& b) {
      return a.first_ == b.first || a.second_ == b.second;
    }

  private:
    first_iterator first_;
    second_iterator second_;
  };

  zipped(First& first, Second& second) : first_{first}, second_{second} {}

  iterator begin() { return {std::begin(first_), std::begin(second_)}; }
  end_mark end() { return {std::end(first_), std::end(second_)}; }
  [[nodiscard]] std::size_t size() const requires requires(First& first, Second& second) {
    first.size();
    second.size();
  }
  {
    return std::min(static_cast<std::size_t>(first_.size()),
                    static_cast<std::size_t>(second_.size()));
  }

private:
  First& first_;
  Second& second_;
};

} // namespace troupe::detail
