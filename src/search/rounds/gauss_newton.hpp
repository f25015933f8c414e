#pragma once

#include <vector>

#include "search/rounds/position_steps.hpp"
#include "search/rounds/projected_relocation.hpp"

namespace kintsugi {

/// Rounds of Gauss-Newton steps in the positions of all blocks; once such a round begins with much of the last one's
/// error left, rounds of relocations by variable projection from then on.
class GaussNewton final : public Round {
 public:
  /// The evaluator must outlive the object.
  GaussNewton(Evaluator& evaluator, Random random, const Parameters& parameters);
  // Its two searches share the damping.
  GaussNewton(const GaussNewton&) = delete;
  GaussNewton& operator=(const GaussNewton&) = delete;

  void begin(const ScoredOrder& from) override;
  StepReport step() override { return active().step(); }
  [[nodiscard]] const ScoredOrder& current() const override;
  [[nodiscard]] RoundPolicy policy() const override;
  void set_elites(const std::vector<Blocks>& elites) override { relocation_.set_elites(elites); }
  void state(StateArchive& archive) override;

 private:
  [[nodiscard]] Step& active();

  Parameters parameters_;
  Damping damping_;
  PositionSteps steps_;
  ProjectedRelocation relocation_;
  bool relocates_ = false;
  double start_error_ = 0;  // of the order that the last round began with; 0: none yet
};

}  // namespace kintsugi
