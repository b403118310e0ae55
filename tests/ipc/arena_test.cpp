// Goal: blocks never overlap, and what was cut small serves a large request again once it is empty.
// Method: random requests (the seed is printed; TROUPE_SEED repeats a run) against a map of what is
// in use.

#include "troupe/ipc/arena.hpp"

#include "ipc/random.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

namespace troupe::ipc {
namespace {

/// What is in use: the end and the asked size of each block, by its start.
class taken_map {
public:
  void insert(std::uint64_t offset, std::size_t size, std::size_t capacity) {
    const auto end = offset + size;
    BOOST_REQUIRE(offset % 64 == 0);
    BOOST_REQUIRE(end <= capacity);
    const auto next = blocks_.lower_bound(offset);
    if (next != blocks_.end()) BOOST_REQUIRE(end <= next->first);
    if (next != blocks_.begin()) {
      const auto& before = *std::prev(next);
      BOOST_REQUIRE(before.first + before.second <= offset);
    }
    BOOST_REQUIRE(blocks_.emplace(offset, size).second);
  }
  std::pair<std::uint64_t, std::size_t> take(std::uint64_t chosen) {
    const auto it =
        std::next(blocks_.begin(), static_cast<std::ptrdiff_t>(chosen % blocks_.size()));
    const auto out = *it;
    blocks_.erase(it);
    return out;
  }
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }

private:
  std::map<std::uint64_t, std::size_t> blocks_;
};

void empty(arena& arena, taken_map& taken) {
  while (taken.size() > 0) {
    const auto [offset, size] = taken.take(0);
    arena.release(offset, size);
  }
}

BOOST_AUTO_TEST_SUITE(arena_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(blocks_never_overlap) {
  test::random random;
  for (const std::size_t capacity : {1000u, 4096u, 65'536u, 100'000u, 1u << 20, 3'000'001u}) {
    arena arena{capacity};
    taken_map taken;
    for (int step = 0; step < 20'000; ++step) {
      const auto size = static_cast<std::size_t>(random.size_up_to(capacity + 100));
      if (random.is_one_in(2)) {
        if (const auto offset = arena.allocate(size)) taken.insert(*offset, size, capacity);
      } else if (taken.size() > 0) {
        const auto [offset, released] = taken.take(random.next());
        arena.release(offset, released);
      }
      if (random.is_one_in(1000)) empty(arena, taken);
      BOOST_REQUIRE(arena.blocks_in_use() == taken.size());
    }
    empty(arena, taken);
    BOOST_TEST(arena.blocks_in_use() == 0u);
    BOOST_REQUIRE(arena.allocate(capacity).has_value());
  }
}

BOOST_AUTO_TEST_CASE(an_empty_arena_is_whole_again) {
  constexpr std::size_t capacity = 100'000;
  arena arena{capacity};
  std::vector<std::uint64_t> small;
  while (const auto offset = arena.allocate(1)) small.push_back(*offset);
  BOOST_TEST(small.size() == capacity / arena::block_bytes_min);
  while (!small.empty()) {
    BOOST_TEST(!arena.allocate(capacity).has_value());
    arena.release(small.back(), 1);
    small.pop_back();
  }
  const auto large = arena.allocate(capacity);
  BOOST_REQUIRE(large.has_value());
  BOOST_TEST(*large == 0u);
  BOOST_TEST(!arena.allocate(1).has_value());
  arena.release(*large, capacity);
  // And small ones fit after a large one: nothing of the old lists may overlap it.
  taken_map taken;
  while (const auto offset = arena.allocate(300)) taken.insert(*offset, 300, capacity);
  BOOST_TEST(taken.size() == capacity / 512);
}

BOOST_AUTO_TEST_CASE(what_can_never_fit_is_refused) {
  arena arena{4096};
  BOOST_TEST(!arena.allocate(4097).has_value());
  BOOST_TEST(!arena.allocate(std::numeric_limits<std::size_t>::max()).has_value());
  BOOST_TEST(arena.blocks_in_use() == 0u);
  const auto nothing = arena.allocate(0);
  const auto another = arena.allocate(0);
  BOOST_REQUIRE((nothing && another));
  BOOST_TEST(*nothing != *another);
}

BOOST_AUTO_TEST_CASE(blocks_come_round_again_after_a_short_rest) {
  arena arena{1 << 20};
  std::vector<std::uint64_t> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(arena.allocate(4096).value());
  for (const auto block : blocks) arena.release(block, 4096);
  // Neither the one that was freed last nor one that was freed long ago.
  std::set<std::uint64_t> used;
  for (int i = 0; i < 100; ++i) {
    const auto block = arena.allocate(i % 2 == 0 ? 4096 : 2049).value(); // Any size of the class.
    BOOST_TEST((i > 0 || block != blocks.back()));
    used.insert(block);
    arena.release(block, 4000);
  }
  BOOST_TEST(used.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::ipc
