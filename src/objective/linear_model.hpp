#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/linearisation.hpp"
#include "objective/memory_budget.hpp"
#include "objective/near_differences.hpp"

namespace kintsugi {

/// The errors of the rows as a function of the order, linear in the pairs that change sides:
///
/// 1. linearise() takes, from forward and adjoint passes at an order, the effect D(a, b) of every pair of blocks that
///    changes sides on every row's prediction (see kernels/screen.hpp).
/// 2. screen() predicts the change of the MSE by each insertion. The squared error keeps its quadratic term.
/// 3. apply() makes moves on the model, so that a whole path of them is predicted without evaluating the network;
///    rewind() goes back to where the model was taken.
///
/// Each rank holds its own tiles; sums over rows are exact, so all ranks see equal numbers. With L blocks of width d
/// and hidden size h, N rows and C channels, linearise() costs (1 + C) L block evaluations (4 d h operations each) and
/// 2 C L^2 d operations for each row, screen() about 5 C L^2; effects take 4 N C L^2 bytes on all ranks together.
class LinearModel {
 public:
  /// `evaluator` must outlive the model. Not collective.
  explicit LinearModel(Evaluator& evaluator, const LinearModelParameters& parameters = {},
                       const MemoryBudget& memory = {});

  /// Takes the model at `blocks` on the first `tiles` tiles. False, with the model unusable, where the error there is
  /// not finite. Pairs at most `near` positions apart get their effect from NearDifferences.
  /// Where effects would take more than MemoryBudget::effects, they are kept for the first tiles of the sample only,
  /// and predictions are scaled to the error of the whole sample. Collective.
  [[nodiscard]] bool linearise(const Blocks& blocks, std::size_t tiles, std::size_t near = 0);
  /// Goes back to that point where the model was taken there last, and takes it there otherwise. Collective.
  [[nodiscard]] bool linearise_once(const Blocks& blocks, std::size_t tiles, std::size_t near = 0);

  /// What the model was taken from; moves leave it as it is.
  [[nodiscard]] const Linearisation& base() const noexcept { return base_; }
  /// MSE at the point of linearisation, on the whole sample.
  [[nodiscard]] double base_error() const noexcept { return base_.mse; }
  /// MSE that the model predicts after the moves applied so far.
  [[nodiscard]] double predicted_error() const noexcept { return now_.predicted_error; }
  /// The order after the moves applied so far.
  [[nodiscard]] const Blocks& blocks() const noexcept { return now_.blocks; }
  [[nodiscard]] Evaluator& evaluator() const noexcept { return *evaluator_; }

  /// Predicted change of the MSE for every insertion by at most `reach` positions: [blocks][2 reach + 1], entry
  /// (from, to - from + reach); 0 for the block's own position, +infinity outside. Valid until the next call.
  /// Collective.
  [[nodiscard]] std::span<const double> screen(std::size_t reach);

  /// Applies moves whose ranges of positions do not overlap. Collective.
  void apply(std::span<const Insertion> moves);

  /// Goes back to the point of linearisation. Not collective.
  void rewind();

 private:
  /// After the moves applied so far.
  struct State {
    Blocks blocks;
    std::vector<int> order;      // blocks[p] is the base's block at order[p]
    kernels::TileBuffer errors;  // as the base's
    double predicted_error = 0;
  };

  void resize_base(const Blocks& blocks, std::size_t tiles);
  /// Fills in the base's errors and effects; returns this rank's sum of squared errors.
  [[nodiscard]] mpi::ExactSums run_passes(std::size_t near);
  /// Adds to `sums`, as screen() returns them, what one tile says.
  void add_changes(std::size_t tile, std::size_t reach, std::span<double> sums) const;
  [[nodiscard]] double mean_square() const;

  Evaluator* evaluator_;
  LinearModelParameters parameters_;
  MemoryBudget memory_;
  ForwardBackward passes_;
  NearDifferences differences_;
  Linearisation base_;
  std::size_t taken_tiles_ = 0;  // of the sample, and pairs' distance, that the model was taken with; 0: not usable
  std::size_t taken_near_ = 0;
  double scale_ = 1;  // of the sample's error to the model's
  State now_;
  kernels::TileBuffer scratch_;
  std::vector<double> change_;
};

}  // namespace kintsugi
