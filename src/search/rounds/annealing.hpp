#pragma once

#include <cstdint>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/effect_table.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "objective/model_walk.hpp"
#include "search/step.hpp"

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
/// is. How far a walk may go follows from how good the last predictions were, as in a trust region.
///
/// A round cools from a temperature at which the error would stay some times what it is to where nothing moves, and
/// ends stuck; the next one takes twice as many steps. Steps on the way never report success: what they find better is
/// kept by who asks for them.
class Annealing final : public Round {
 public:
  /// `table_bytes`: of the gathered effects on each rank, see MemoryBudget::table. Evaluator and model must outlive the
  /// object.
  Annealing(Evaluator& evaluator, LinearModel& model, Random random, const AnnealingParameters& parameters,
            std::size_t table_bytes = MemoryBudget{}.table)
      : evaluator_(&evaluator), model_(&model), random_(random), parameters_(parameters), table_bytes_(table_bytes) {}

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  /// Where a round is.
  struct Progress {
    std::int64_t length = 0;  // steps of the round
    std::int64_t step = 0;
    std::int64_t idle = 0;  // steps since anything moved
    void state(StateArchive& archive) { archive(length, step, idle); }
  };

  [[nodiscard]] double temperature() const;
  [[nodiscard]] bool accept(const ScoredOrder& next, double predicted);
  void count(const ModelWalk& walk);

  Evaluator* evaluator_;
  LinearModel* model_;
  Random random_;
  AnnealingParameters parameters_;
  std::size_t table_bytes_;
  ScoredOrder current_;
  EffectTable table_;
  Progress progress_;
  double temperature_factor_ = 0;  // equilibrium's error where a round begins, relative to the order's
  double start_error_ = 0;         // where this round began
  double bound_ = 0;               // of what a walk may move in the model, as an MSE
};

}  // namespace kintsugi
