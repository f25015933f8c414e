#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/position_step.hpp"
#include "search/clues.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// A round of Gauss-Newton steps in the positions of all blocks under a prior: what the weights say of each block's
/// depth.
///
/// On deep networks the error alone is deceptive: it falls while the order gets worse, since blocks make up for each
/// other. The prior goes on pulling where the data leave the order open, and gives way where they are certain. Its
/// width is learnt (empirical Bayes: the mean square of what the posterior holds the blocks to be off the line).
/// Bandwidths go from wide to narrow over a round; of a few step lengths the first that lowers the error is taken,
/// or else the best of them.
class DepthSteps final : public Round {
 public:
  /// `clues` have a line or more. The evaluator must outlive the object.
  DepthSteps(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters);

  [[nodiscard]] RoundPolicy policy() const override;
  [[nodiscard]] bool leads_on_from(const Blocks& order) const override { return order != settled_; }
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  [[nodiscard]] double bandwidth() const;
  [[nodiscard]] PositionStep::Prior prior() const;
  void learn_deviation(const PositionStep::Posterior& posterior, const PositionStep::Prior& prior);
  [[nodiscard]] bool move(const std::vector<double>& shifts, double error);
  void orient_line(const Blocks& order);

  Evaluator* evaluator_;
  PositionStep position_step_;
  SearchClues clues_;
  DepthStepsParameters parameters_;
  ScoredOrder iterate_;   // on a sample of its own
  ScoredOrder current_;   // lowest error
  Blocks settled_;        // where the last round ended
  Blocks line_;           // the one in use, in the direction of the order
  double deviation_ = 0;  // of the positions from the line's; 0: not yet begun
  std::int64_t step_ = 0;
  std::int64_t idle_ = 0;  // steps since the order changed
};

}  // namespace kintsugi
