#pragma once

#include <set>
#include <vector>

#include "objective/error_floor.hpp"
#include "search/islands/group.hpp"
#include "search/islands/island.hpp"
#include "support/planted.hpp"

namespace kintsugi::testing {

/// What islands on a planted problem need. Members are collective over `world`, which must outlive the object, as must
/// `options`.
class PlantedIslands {
 public:
  PlantedIslands(const mpi::Comm& world, const PlantedProblem& problem, const SearchOptions& options);

  [[nodiscard]] IslandGroup& group() { return group_; }
  [[nodiscard]] Evaluator& evaluator() { return group_.evaluator(); }
  [[nodiscard]] const ErrorFloor& floor() const { return floor_; }
  [[nodiscard]] std::size_t all_tiles() { return evaluator().rows().tiles(); }
  /// An order and its error on all rows.
  [[nodiscard]] ScoredOrder scored(const Blocks& order);
  /// An island that has not begun.
  [[nodiscard]] Island make_island(int number);
  /// This group's islands; island i begins at starts[i], on all rows.
  [[nodiscard]] std::vector<Island> begun_at(const std::vector<Blocks>& starts);

 private:
  const SearchOptions* options_;
  SharedWeights weights_;
  MemoryRows rows_;
  IslandGroup group_;
  ErrorFloor floor_;
};

/// Eight blocks whose order is clear, with so much noise in the predictions that no order solves it, and one block
/// that is a copy of another.
[[nodiscard]] PlantedProblem noise_and_a_copy();

/// The order with a block and its copy in each other's places: another order of just the same error.
[[nodiscard]] Blocks twin_of(const Blocks& order, const Network& network);

}  // namespace kintsugi::testing
