// Goal: blocks never overlap, and what is free serves any request, however small it was cut before.
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
  void erase(std::uint64_t offset) { BOOST_REQUIRE(blocks_.erase(offset) == 1); }
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

// One block that somebody keeps must not keep all others as small as they were cut.
BOOST_AUTO_TEST_CASE(what_is_free_in_a_row_serves_any_size_beside_a_block_in_use) {
  constexpr std::size_t capacity = 1 << 20;
  for (const std::size_t small : {1u, 300u, 5000u, 70'000u, 100'000u}) {
    arena arena{capacity};
    const auto kept = arena.allocate(1000).value();
    std::vector<std::uint64_t> blocks;
    while (const auto offset = arena.allocate(small)) blocks.push_back(*offset);
    for (const auto block : blocks) arena.release(block, small);
    const auto large = arena.allocate(capacity - 1024);
    BOOST_REQUIRE_MESSAGE(large.has_value(), "after blocks of " << small);
    arena.release(*large, capacity - 1024);
    arena.release(kept, 1000);
    BOOST_TEST(arena.free_bytes() == capacity);
  }
}

BOOST_AUTO_TEST_CASE(what_is_free_in_scattered_places_serves_in_pieces) {
  constexpr std::size_t capacity = 1 << 20;
  constexpr std::size_t block = 4096;
  constexpr std::size_t header = 16;
  arena arena{capacity};
  std::vector<std::uint64_t> blocks;
  while (const auto offset = arena.allocate(block)) blocks.push_back(*offset);
  BOOST_REQUIRE(blocks.size() == capacity / block);
  for (std::size_t i = 0; i < blocks.size(); i += 2) arena.release(blocks[i], block);
  BOOST_TEST(!arena.allocate(block + 1).has_value());
  constexpr std::size_t most = capacity / 2 / block * (block - header);
  BOOST_TEST(arena.has_room_for(most, header));
  BOOST_TEST(!arena.has_room_for(most + 1, header));
  BOOST_TEST(arena.allocate_pieces(most + 1, header).empty());
  const auto pieces = arena.allocate_pieces(most, header);
  BOOST_REQUIRE(pieces.size() == capacity / 2 / block);
  BOOST_TEST(arena.free_bytes() == 0u);
  arena.release(pieces.front().offset, most);
  for (std::size_t i = 1; i < blocks.size(); i += 2) arena.release(blocks[i], block);
  BOOST_TEST(arena.blocks_in_use() == 0u);
  BOOST_TEST(arena.allocate(capacity).has_value());
}

// Whatever was taken and given back before, `has_room_for` tells what can be had.
BOOST_AUTO_TEST_CASE(room_that_is_told_is_there) {
  test::random random;
  constexpr std::size_t header = 16;
  for (const std::size_t capacity : {1000u, 65'536u, 1u << 20, 3'000'001u}) {
    arena arena{capacity};
    taken_map taken;                                          // Every piece.
    std::map<std::uint64_t, std::size_t> asked;               // By the first offset.
    std::map<std::uint64_t, std::vector<std::uint64_t>> rest; // Other pieces of it.
    for (int step = 0; step < 10'000; ++step) {
      const auto size = static_cast<std::size_t>(random.size_up_to(capacity));
      if (random.is_one_in(2) && arena.has_room_for(size, header)) {
        if (const auto offset = arena.allocate(size)) {
          taken.insert(*offset, size, capacity);
          asked.emplace(*offset, size);
          continue;
        }
        const auto pieces = arena.allocate_pieces(size, header);
        BOOST_REQUIRE(!pieces.empty());
        asked.emplace(pieces.front().offset, size);
        for (const auto& each : pieces) {
          taken.insert(each.offset, each.size_bytes, capacity);
          rest[pieces.front().offset].push_back(each.offset);
        }
      } else if (!asked.empty()) {
        auto it = std::next(asked.begin(), static_cast<std::ptrdiff_t>(random.below(asked.size())));
        arena.release(it->first, it->second);
        if (rest[it->first].empty()) rest[it->first].push_back(it->first);
        for (const auto offset : rest[it->first]) taken.erase(offset);
        rest.erase(it->first);
        asked.erase(it);
      }
      BOOST_REQUIRE(arena.blocks_in_use() == asked.size());
    }
    for (const auto& [offset, size] : asked) arena.release(offset, size);
    BOOST_TEST(arena.free_bytes() == capacity);
    BOOST_TEST(arena.allocate(capacity).has_value());
  }
}

BOOST_AUTO_TEST_CASE(blocks_come_round_again_after_a_short_rest) {
  arena arena{1 << 20};
  std::vector<std::uint64_t> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(arena.allocate(4096).value());
  for (const auto block : blocks) arena.release(block, 4096);
  // Neither the one that was freed last nor one that was freed long ago.
  std::set<std::uint64_t> used;
  for (int i = 0; i < 100; ++i) {
    const std::size_t size = i % 2 == 0 ? 4096 : 3841; // Any size of the class.
    const auto block = arena.allocate(size).value();
    BOOST_TEST((i > 0 || block != blocks.back()));
    used.insert(block);
    arena.release(block, size);
  }
  BOOST_TEST(used.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::ipc
