#pragma once

#include <cstdint>

#include "core/random.hpp"
#include "objective/effect_table.hpp"
#include "objective/model_walk.hpp"
#include "search/search.hpp"

namespace kintsugi {

/// Simulated annealing (Kirkpatrick, Gelatt, Vecchi: Optimization by Simulated Annealing, Science 220, 1983) by walks
/// on the linear model, checked exactly.
///
/// Where many blocks nearly commute, an order with hundreds of pairs on the wrong side can have a small error, since
/// their effects cancel; descents freeze there, and so do kicks, which are descents after a step aside. It takes
/// thousands of small steps at a temperature to get out, and exact evaluations are too dear for so many.
/// So a step takes the model at the current order, walks on it at the present temperature (see ModelWalk), and
/// evaluates where the walk has got to. That is accepted as in delayed-acceptance sampling (Christen and Fox, J.
/// Comput. Graph. Stat. 14, 2005): with a probability that falls with what the model missed, not with what the error
/// is. How far a walk may stray follows from how good the last predictions were, as in a trust region.
///
/// A round cools from a temperature at which the error would stay some times what it is to where nothing moves, and
/// ends stuck; the next one takes twice as many steps. Steps on the way never report success: what they find better is
/// kept by who asks for them.
class Annealing final : public Search {
 public:
  Annealing(Evaluator& evaluator, LinearModel& model, Random random)
      : evaluator_(&evaluator), model_(&model), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "annealing"; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  [[nodiscard]] double temperature() const;
  [[nodiscard]] bool accept(const Candidate& next, double predicted);
  void count(const ModelWalk& walk);

  Evaluator* evaluator_;
  LinearModel* model_;
  Random random_;
  Candidate current_;
  EffectTable table_;
  std::int64_t length_ = 0;  // steps of this round
  std::int64_t step_ = 0;    // of this round
  std::int64_t idle_ = 0;    // steps since anything moved
  double heat_ = 0;          // equilibrium's error where a round begins, relative to the order's
  double start_error_ = 0;   // where this round began
  double bound_ = 0;         // of what a walk may stray by
};

}  // namespace kintsugi
