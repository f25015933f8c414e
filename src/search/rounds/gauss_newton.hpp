#pragma once

#include <vector>

#include "search/rounds/narrowing_steps.hpp"
#include "search/rounds/position_steps.hpp"
#include "search/rounds/projected_relocation.hpp"

namespace kintsugi {

/// Rounds of Gauss-Newton steps in the positions of all blocks; once such a round begins with much of the last one's
/// error left, rounds of relocations by variable projection from then on.
///
/// Of large networks whose weights say nothing of the order (`narrowing`), steps are NarrowingSteps, and the first
/// round wants to come before everything else.
class GaussNewton final : public Round {
 public:
  /// The evaluator must outlive the object.
  GaussNewton(Evaluator& evaluator, Random random, const Parameters& parameters, bool narrowing = false);
  // Its two searches share the damping.
  GaussNewton(const GaussNewton&) = delete;
  GaussNewton& operator=(const GaussNewton&) = delete;

  void begin(const ScoredOrder& from) override;
  StepReport step() override {
    stepped_ = true;
    return active().step();
  }
  [[nodiscard]] const ScoredOrder& current() const override;
  [[nodiscard]] RoundPolicy policy() const override;
  void set_elites(const std::vector<Blocks>& elites) override { relocation_.set_elites(elites); }
  void state(StateArchive& archive) override;

 private:
  [[nodiscard]] Step& active();

  Parameters parameters_;
  Damping damping_;
  PositionSteps steps_;
  NarrowingSteps narrowing_steps_;
  ProjectedRelocation relocation_;
  bool narrowing_;        // steps_ are not used
  bool stepped_ = false;  // has begun to work
  bool relocates_ = false;
  double start_error_ = 0;  // of the order that the last round began with; 0: none yet
};

}  // namespace kintsugi
