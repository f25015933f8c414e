#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "objective/evaluator.hpp"
#include "support/planted.hpp"

namespace kintsugi::testing {

/// A network in float64, row by row, with plain loops: what the evaluator must agree with to float32 accuracy.
class Reference {
 public:
  explicit Reference(const PlantedProblem& problem);

  /// Rows of the sample of the first `tiles` tiles, ascending.
  [[nodiscard]] std::vector<std::size_t> sample(std::size_t tiles) const;
  [[nodiscard]] std::vector<double> input(std::size_t row) const;
  /// W_out act(W_in x + b_in) + b_out.
  [[nodiscard]] std::vector<double> residual(const Block& block, std::span<const double> x) const;
  /// Prediction minus data of one row, [k], for its final state.
  [[nodiscard]] std::vector<double> errors_at(std::span<const double> state, std::size_t row) const;
  [[nodiscard]] std::vector<double> row_errors(const Blocks& blocks, std::size_t row) const;
  [[nodiscard]] double mse(const Blocks& blocks, std::size_t tiles) const;
  /// Largest |prediction - data| over all rows.
  [[nodiscard]] double largest_error(const Blocks& blocks) const;

 private:
  [[nodiscard]] std::vector<double> layer(const Piece& piece, std::span<const double> x) const;

  Network network_;
  std::shared_ptr<const Rows> rows_;
  int head_;
};

/// A small problem with two outputs and two hidden sizes; its rows end within the last of `tiles` tiles.
[[nodiscard]] PlantedProblem outputs_problem(std::size_t tiles);

/// A trap for descents: small residuals, no depth in the weights; 40 blocks, rows that fill 48 tiles.
[[nodiscard]] PlantedProblem freezing_problem();

/// The same network with its residuals multiplied by `factor`; the data stay as they are.
[[nodiscard]] PlantedProblem with_residuals(PlantedProblem problem, float factor);

/// The roles of a planted problem's pieces.
[[nodiscard]] Roles roles_of(const PlantedProblem& problem);

/// What an evaluator of a problem needs, for the ranks of one communicator, which must outlive it. Collective.
class Workbench {
 public:
  Workbench(const mpi::Comm& comm, const PlantedProblem& problem, Grid grid);
  Workbench(mpi::Comm&& comm, const PlantedProblem& problem, Grid grid) = delete;
  [[nodiscard]] Evaluator& evaluator() { return evaluator_; }

 private:
  SharedWeights weights_;
  MemoryRows rows_;
  Evaluator evaluator_;
};

/// Every grid of candidate groups x row groups that uses `ranks` ranks.
[[nodiscard]] std::vector<Grid> all_grids(int ranks);

/// The expand pieces of these blocks.
[[nodiscard]] std::set<int> expand_pieces(const Blocks& blocks);

/// The problem's blocks in a random order that is a function of `seed`.
[[nodiscard]] Blocks shuffled_blocks(const PlantedProblem& problem, std::uint64_t seed);

}  // namespace kintsugi::testing
