#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Gauss-Newton steps in the places of all blocks at once (see FirstOrderModel::place_step).
///
/// At the orders where descents freeze, hundreds of pairs are on the wrong side and their effects cancel: least squares
/// that are badly conditioned, which moves of one block after the other creep through, as coordinate descent does. Here
/// the normal equations are solved for all blocks. As with any smoothing of a rugged error (graduated optimisation:
/// Blake and Zisserman, Visual Reconstruction, 1987), wide bandwidths see far and narrow ones repair what the wide ones
/// upset, so that the steps go through bandwidths from wide to narrow, over and over.
///
/// Steps are taken whatever they do to the error: that falls slowly behind the order's distance from the answer and
/// jumps about on the way. A round is a number of cycles, and its result the best order of the last one. Where the
/// error melts away instead, the round ends, and the next one is damped more.
class GaussNewton final : public Search {
 public:
  GaussNewton(Evaluator& evaluator, FirstOrderModel& model) : evaluator_(&evaluator), model_(&model) {}

  [[nodiscard]] std::string_view name() const override { return "gauss-newton"; }
  [[nodiscard]] bool carries_on() const override { return true; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  void begin_cycle();
  /// Moves the walker's blocks by `places`, each by at most `farthest`; false where those are not finite.
  bool move(const std::vector<double>& places, double farthest);

  Evaluator* evaluator_;
  FirstOrderModel* model_;
  Candidate current_;       // the best of the last cycle, on the sample that the search was started with
  Candidate walker_;        // on a sample of its own
  Candidate lowest_;        // the walker's best of this cycle
  double damping_ = 0;      // 0: none yet
  double start_error_ = 0;  // of the order that the round began with
  std::int64_t step_ = 0;   // of the round
  bool moved_ = false;      // in this cycle
};

}  // namespace kintsugi
