#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/state_archive.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/position_step.hpp"
#include "search/clues.hpp"

namespace kintsugi {

/// What is known of the blocks' positions besides the error: the line by the weights, normal about it, and the blocks'
/// homes (Homing) by Student's t, as some are anywhere. Both widths are learnt from where the posterior holds the
/// blocks to be: empirical Bayes, for Student's t by its weights (Lange, Little, Taylor, J. Am. Stat. Assoc. 84, 1989).
/// Not collective.
class DepthPrior {
 public:
  DepthPrior(const SearchClues& clues, const DepthStepsParameters& parameters);

  /// For a round that begins with `order`: the line, in the direction, that has the fewest pairs the other way round.
  void begin(const Blocks& order);
  /// A round has begun.
  [[nodiscard]] bool begun() const { return !line_.empty(); }
  /// Goes on to `order`. `table`: Homing's for it, or an empty one; a home is looked for where the line has its block.
  void set_order(const Blocks& order, const Eigen::MatrixXd& table);
  /// The prior at that order: shifts from the present positions, and how far they may be off.
  [[nodiscard]] const PositionStep::Prior& shifts() const { return shifts_; }
  /// Minus the logarithm of the prior density of an order of the same blocks, less a constant.
  [[nodiscard]] double energy(const Blocks& order) const;
  /// Learns both widths from the posterior of the steps from there.
  void learn(const PositionStep::Posterior& posterior);

  void state(StateArchive& archive);

 private:
  void begin_homes();
  void combine();
  [[nodiscard]] bool has_homes() const { return !to_homes_.empty(); }
  /// How much a home counts, by the square of its distance from where the block is held to be.
  [[nodiscard]] double tail_weight(double off_square) const;

  std::vector<Blocks> lines_;
  double line_places_;
  DepthStepsParameters parameters_;
  Blocks order_;
  Blocks line_;                             // the one in use, in the direction of the order
  std::vector<double> to_line_, to_homes_;  // shifts from the present positions, by position
  std::vector<double> weights_;             // of the homes, likewise
  PositionStep::Prior shifts_;
  double line_deviation_ = 0;  // 0: not yet begun
  double home_deviation_ = 0;
};

}  // namespace kintsugi
