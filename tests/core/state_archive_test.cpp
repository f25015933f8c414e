#include "core/state_archive.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kintsugi/core/search_state.hpp"

namespace kintsugi {
namespace {

enum class Colour : char { red = 'r', blue = 'b' };

struct Inner {
  std::vector<int> numbers;
  std::optional<double> share;
  friend bool operator==(const Inner&, const Inner&) = default;
  void state(StateArchive& archive) { archive(numbers, share); }
};

// One of everything that an archive takes.
struct All {
  std::int64_t word = 0;
  double real = 0;
  bool flag = false;
  int number = 0;
  std::size_t size = 0;
  Colour colour = Colour::red;
  std::vector<Block> blocks;
  std::vector<std::vector<double>> rows;
  std::optional<std::size_t> none = 1;
  std::optional<Inner> some;
  std::vector<Inner> many;
  std::map<int, std::int64_t> entries;
  friend bool operator==(const All&, const All&) = default;
  void state(StateArchive& archive) {
    archive(word, real, flag, number, size, colour, blocks, rows, none, some, many, entries);
  }
};

All example() {
  All all;
  all.word = std::int64_t{-5} << 50;
  all.real = -1.0 / 3;
  all.flag = true;
  all.number = -7;
  all.size = std::size_t{1} << 40;
  all.colour = Colour::blue;
  all.blocks = {{3, 4}, {1, 2}};
  all.rows = {{0.5}, {}, {-1e300, 1e-300}};
  all.none = std::nullopt;
  all.some = Inner{{4, -2}, 0.25};
  all.many = {{{}, std::nullopt}, {{1}, -1.0}};
  all.entries = {{3, -1}, {7, std::int64_t{1} << 40}};
  return all;
}

template <class T>
std::vector<std::int64_t> written(T value) {
  StateArchive archive;
  archive(value);
  return archive.words();
}

template <class T>
void read(const std::vector<std::int64_t>& words, T& value) {
  StateArchive archive(words);
  archive(value);
}

TEST(StateArchive, EverythingComesBackAsItWas) {
  const std::vector<std::int64_t> words = written(example());
  All back;
  StateArchive archive(words);
  EXPECT_TRUE(archive.reading());
  archive(back);
  EXPECT_EQ(back, example());
  EXPECT_TRUE(archive.at_end());
  EXPECT_EQ(written(back), words);
}

TEST(StateArchive, WhatWasThereBeforeIsReplaced) {
  const std::vector<std::int64_t> words = written(All{});
  All back = example();
  read(words, back);
  EXPECT_EQ(back, All{});
}

TEST(StateArchive, RealsKeepTheirBits) {
  for (const double real : {0.0, -0.0, 0.1, 5e-324, HUGE_VAL, -HUGE_VAL, std::nan("17")}) {
    double back = 1;
    read(written(real), back);
    EXPECT_EQ(std::bit_cast<std::int64_t>(back), std::bit_cast<std::int64_t>(real)) << real;
  }
}

TEST(StateArchive, RandomNumbersGoOn) {
  Random random(9, 2);
  (void)random.next();
  const std::vector<std::int64_t> words = written(random);
  Random again(1);
  read(words, again);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(again.next(), random.next());
}

TEST(StateArchive, NumbersThatDoNotFitAreRefused) {
  const auto refused = [](std::int64_t word, auto value) { EXPECT_THROW(read({word}, value), InputError) << word; };
  refused(2, false);
  refused(-1, false);
  refused(std::int64_t{1} << 31, 0);
  refused(-(std::int64_t{1} << 40), 0);
  refused(-1, std::size_t{0});
  refused(300, Colour::red);
  refused(2, std::optional<int>{});
  refused(-1, std::vector<int>{});
  StateArchive archive(std::span<const std::int64_t>{});
  EXPECT_THROW(archive.require(false), InputError);
  EXPECT_NO_THROW(archive.require(true));
  EXPECT_NO_THROW(StateArchive{}.require(false)) << "what is written is as it should be";
}

TEST(StateArchive, AnEventThatIsNoneIsRefused) {
  TrajectoryEntry entry;
  entry.event = Event::tabu;
  StateArchive writer;
  writer(entry);
  std::vector<std::int64_t> words = writer.words();
  ASSERT_EQ(words.size(), 9U);
  ASSERT_EQ(words[2], 'T');
  TrajectoryEntry read;
  StateArchive right(words);
  right(read);
  EXPECT_EQ(read.event, Event::tabu);
  for (const std::int64_t wrong : {0, static_cast<int>('V'), 1000}) {
    words[2] = wrong;
    StateArchive reader(words);
    EXPECT_THROW(reader(read), InputError) << wrong;
  }
}

TEST(StateArchive, KeysAndValuesOfAMapAreAsMany) {
  StateArchive archive;
  std::vector<int> keys{1, 2};
  std::vector<std::int64_t> values{3};
  archive(keys, values);
  std::map<int, std::int64_t> entries;
  EXPECT_THROW(read(archive.words(), entries), InputError);
}

TEST(StateArchive, CutOffAnywhereItIsRefusedAndNotReadBeyondItsEnd) {
  const std::vector<std::int64_t> words = written(example());
  for (std::size_t length = 0; length < words.size(); ++length) {
    // A copy of just this length: a sanitizer sees what is read beyond it.
    const std::vector<std::int64_t> cut(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
    All back;
    EXPECT_THROW(read(cut, back), InputError) << length << " of " << words.size() << " words";
  }
}

TEST(StateArchive, HugeCountsTakeNoMemory) {
  for (const std::int64_t count : {std::int64_t{3}, std::int64_t{1} << 40, std::int64_t{1} << 62}) {
    const std::vector<std::int64_t> words{count, 0};
    std::vector<double> reals;
    std::vector<std::vector<int>> lists;
    std::vector<Inner> structs;
    std::vector<Elite> elites;
    std::map<int, std::int64_t> entries;
    EXPECT_THROW(read(words, reals), InputError);
    EXPECT_THROW(read(words, lists), InputError);
    EXPECT_THROW(read(words, structs), InputError);
    EXPECT_THROW(read(words, elites), InputError);
    EXPECT_THROW(read(words, entries), InputError);
    EXPECT_LE(reals.capacity() + lists.capacity() + structs.capacity() + elites.capacity(), 8U);
  }
}

TEST(StateArchive, TheStateOfAWholeSearchComesBack) {
  SearchState state;
  state.islands = {{1, 2}, {}, {3}};
  state.shared = {-4};
  state.trajectory = {{.step = 3, .island = 1, .event = Event::kick, .rows = 64, .mse = 0.5, .best = 0.25, .moves = 2}};
  state.seconds = 1.5;
  const std::vector<std::int64_t> words = written(state);
  SearchState back;
  read(words, back);
  EXPECT_EQ(back.islands, state.islands);
  EXPECT_EQ(back.shared, state.shared);
  ASSERT_EQ(back.trajectory.size(), 1U);
  EXPECT_EQ(back.trajectory[0].event, Event::kick);
  EXPECT_EQ(back.seconds, 1.5);
  EXPECT_EQ(written(back), words);
}

}  // namespace
}  // namespace kintsugi
