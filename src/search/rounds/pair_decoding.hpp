#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/pair_tree_search.hpp"
#include "search/rounds/depth_prior.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Decides for all near pairs at once which of them change sides: integer least squares on their effects
/// (PairTreeSearch), exact checks of what comes of it, and again from there.
///
/// From some hundred pairs on the wrong side on, blocks have made up for each other: each single way back raises the
/// error many times, and the real solution of the least squares does not say which pairs are to move. What the linear
/// model leaves at the answer is far more than the error; its variance is learnt from what it missed at the orders that
/// were evaluated. Besides the likeliest decisions, samples of the posterior are decided and evaluated. They are
/// divided over the island's ranks.
class PairDecoding final : public Step {
 public:
  /// The prior says how likely each pair is to be on the wrong side; it is part of what the next steps depend on, but
  /// not of state(). Evaluator and prior must outlive the object.
  PairDecoding(Evaluator& evaluator, Random random, DepthPrior& prior, const Parameters& parameters);

  /// How far apart the decided pairs of so many blocks are at most; 0 where there would be too many of them.
  [[nodiscard]] static std::size_t reach(std::size_t blocks, const PairDecodingParameters& parameters);

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  /// An order and what the linear model says of its error.
  struct Candidate {
    Blocks order;
    double predicted = 0;
  };
  [[nodiscard]] std::vector<std::int64_t> decode(const PairTreeSearch& tree, const PairTreeSearch::Rule& rule);
  [[nodiscard]] std::vector<Candidate> candidates(const NearPairEquations& equations, double entries);
  [[nodiscard]] std::vector<double> flip_costs(const std::vector<PositionPair>& pairs);
  void learn_miss(const std::vector<Candidate>& candidates, const std::vector<double>& errors);
  void go_on_from(const Blocks& order, double error);

  Evaluator* evaluator_;
  Random random_;
  DepthPrior* prior_;
  PairDecodingParameters parameters_;
  ScoredOrder iterate_;  // on a sample of its own
  ScoredOrder current_;  // the same, on the sample that the round began with
  double lowest_ = 0;    // error of this round
  double miss_ = 0;      // MSE that the model misses; 0: not known yet
  std::int64_t step_ = 0;
  std::int64_t idle_ = 0;  // steps since the lowest error
};

}  // namespace kintsugi
