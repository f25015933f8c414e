#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "core/state_archive.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/homing.hpp"
#include "objective/position_step.hpp"
#include "search/clues.hpp"

namespace kintsugi {

/// What is known of the blocks' positions besides the error: the line by the weights, and the odds of the blocks'
/// homes.
///
/// Both are mostly right and sometimes far off. Of the line alone, blocks count as off by a normal density; beside
/// homes, by Student's t, so that a block whose home is far from its place in the line can go there. The line's width
/// is learnt from where the posterior holds the blocks to be: empirical Bayes, for Student's t by its weights (Lange,
/// Little, Taylor, J. Am. Stat. Assoc. 84, 1989).
class DepthPrior {
 public:
  /// `clues` have a line or more. The evaluator must outlive the object. Not collective, like all but set_order().
  DepthPrior(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters);

  /// What a block's position in the line may be off, root mean square, as its weights say.
  [[nodiscard]] double line_places() const { return line_places_; }
  /// For a round that begins with `order`: the line, in the direction, that has the fewest pairs the other way round.
  void begin(const Blocks& order);
  /// A round has begun.
  [[nodiscard]] bool begun() const { return !line_.empty(); }
  enum class Knows { line, line_and_homes };
  /// Goes on to `order`. Collective over the evaluator's island where homes are looked for.
  void set_order(const Blocks& order, Knows knows);
  /// The prior at that order: shifts from the present positions, and how far they may be off.
  [[nodiscard]] const PositionStep::Prior& shifts() const { return shifts_; }
  /// Minus the logarithm of the prior density of an order of the same blocks, less a constant.
  [[nodiscard]] double energy(const Blocks& order) const;
  /// Where the block at a position is likeliest, and the logarithm of the odds of that place against the present one.
  [[nodiscard]] std::pair<std::size_t, double> likeliest_place(std::size_t block) const;
  /// Makes the blocks' densities normal anew where the data have them: expectation propagation (Minka, UAI 2001).
  /// Densities of homes are narrow and have far tails, so that a normal one of the same moments would say too little.
  void refine(const PositionStep::Posterior& posterior);
  /// Minus the logarithm of the odds that two blocks are on the wrong side, where blocks are also held to be where they
  /// stand, give or take `spread`.
  [[nodiscard]] double flip_cost(std::size_t first, std::size_t second, double spread) const;
  /// Learns the line's width from the posterior of the steps from there.
  void learn(const PositionStep::Posterior& posterior);

  void state(StateArchive& archive);

 private:
  [[nodiscard]] bool has_homes() const { return home_odds_.size() > 0; }
  /// Minus the logarithm of the density of a block's place, less a constant.
  [[nodiscard]] double block_energy(std::size_t block, std::size_t place) const;
  struct Normal {
    double mean = 0;
    double precision = 0;
  };
  struct Moments {
    double mean = 0;
    double variance = 0;
  };
  /// Of a block's shifts, over all places, times a normal density.
  [[nodiscard]] std::vector<double> density(std::size_t block, const Normal& beside) const;
  [[nodiscard]] Moments moments(std::size_t block, const Normal& beside) const;

  Homing homing_;
  std::vector<Blocks> lines_;
  double line_places_;
  DepthPriorParameters parameters_;
  HomeOddsParameters home_odds_parameters_;
  Blocks line_;                // the one in use, in the direction of the order
  double line_deviation_ = 0;  // 0: not yet begun
  Blocks order_;
  Eigen::MatrixXd home_odds_;    // [blocks][places]; empty where homes are not looked for
  std::vector<double> to_line_;  // shifts from the present positions, by position
  PositionStep::Prior shifts_;
};

}  // namespace kintsugi
