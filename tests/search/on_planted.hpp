#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "objective/reference.hpp"
#include "search/make_search.hpp"
#include "search/step.hpp"

namespace kintsugi::testing {

/// The error of an order that has not been evaluated yet.
constexpr double kUnknown = std::numeric_limits<double>::infinity();

/// A planted problem and what a search of it needs; all ranks are one island. Members are collective.
class OnPlanted : public ::testing::Test {
 protected:
  static constexpr std::size_t kTiles = 6;

  /// 12 blocks that a search can order, and a few rows more than the sample of kTiles tiles has.
  OnPlanted() : OnPlanted(make_planted(12, 10, 32 * kTiles + 70)) {}
  explicit OnPlanted(PlantedProblem problem) : problem_(std::move(problem)) {}

  Evaluator& evaluator() { return bench_.evaluator(); }
  [[nodiscard]] const Blocks& truth() const { return problem_.truth.blocks; }
  double error(const Blocks& order, std::size_t tiles = kTiles) { return evaluator().error(order, tiles); }
  ScoredOrder scored(const Blocks& order, std::size_t tiles = kTiles) { return {order, error(order, tiles), tiles}; }
  ScoredOrder shuffled(std::uint64_t seed, std::size_t tiles = kTiles) {
    return scored(shuffled_blocks(problem_, seed), tiles);
  }
  SearchContext context(std::uint64_t seed, int island = 0, const std::set<int>& untrusted = {}) {
    return {evaluator(), model_, parameters_, {}, seed, island, {.untrusted = untrusted}};
  }

  Parameters parameters_;
  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_;
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
};

/// All expand and all compress pieces: equal for orders of the same pieces.
inline std::array<std::vector<int>, 2> sorted_pieces(const Blocks& order) {
  std::array<std::vector<int>, 2> pieces;
  for (const Block& block : order) {
    pieces[0].push_back(block.expand);
    pieces[1].push_back(block.compress);
  }
  for (std::vector<int>& list : pieces) std::ranges::sort(list);
  return pieces;
}

/// The expand pieces in the order's sequence.
inline std::vector<int> sequence_of(const Blocks& order) {
  std::vector<int> pieces;
  for (const Block& block : order) pieces.push_back(block.expand);
  return pieces;
}

/// What an object writes.
template <class T>
std::vector<std::int64_t> state_of(T& object) {
  StateArchive archive;
  object.state(archive);
  return archive.words();
}

/// Reads words into an object, all of them.
template <class T>
void set_state(T& object, const std::vector<std::int64_t>& words) {
  StateArchive archive(words);
  object.state(archive);
  EXPECT_TRUE(archive.at_end());
}

}  // namespace kintsugi::testing
