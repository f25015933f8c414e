#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/position_step.hpp"
#include "search/rounds/depth_prior.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Gauss-Newton steps in the positions of all blocks under a prior: what the weights say of each block's
/// depth, and where it is at home among the states of the present order (DepthPrior).
///
/// On deep networks the error alone is deceptive: it falls while the order gets worse, since blocks make up for each
/// other. The prior goes on pulling where the data leave the order open, and gives way where they are certain. How
/// certain they are is a temperature, the variance that an error is held to have: as much as the error in the first
/// round, and far more in further ones, where blocks have made up for each other. Bandwidths go from wide to narrow. Of
/// a few step lengths the first is taken that makes the order more likely, or else the best of them.
class DepthSteps final : public Step {
 public:
  /// Both must outlive the object. The prior is part of what the next steps depend on, but not of state().
  DepthSteps(Evaluator& evaluator, DepthPrior& prior, const Parameters& parameters);

  /// Rounds so far.
  [[nodiscard]] std::int64_t rounds() const { return rounds_; }
  /// This round looks for homes. The first one does not where the line is good, which is all that easy networks need.
  [[nodiscard]] bool is_hot() const { return rounds_ > 0 || prior_->line_places() > parameters_.easy_places; }
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  [[nodiscard]] std::int64_t most_steps() const;
  [[nodiscard]] double bandwidth() const;
  /// What is to be low: minus the logarithm of an order's posterior density, less a constant; at first, its error.
  [[nodiscard]] double energy(const Blocks& order, double error) const;
  [[nodiscard]] PositionStep::Posterior posterior(const PositionStep::Equations& equations) const;
  [[nodiscard]] bool move(const std::vector<double>& shifts, double error);

  Evaluator* evaluator_;
  DepthPrior* prior_;
  PositionStep position_step_;
  DepthStepsParameters parameters_;
  ScoredOrder iterate_;  // on a sample of its own
  ScoredOrder current_;  // the same, on the sample that the round began with
  double temperature_ = 0;
  std::int64_t rounds_ = 0;  // so far
  std::int64_t step_ = 0;
  std::int64_t idle_ = 0;  // steps since the order changed
};

}  // namespace kintsugi
