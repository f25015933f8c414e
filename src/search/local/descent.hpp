#pragma once

#include <map>
#include <span>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Descent by insertions on a linear model, with a trust region.
///
/// A step takes the model at the current order and then moves on the model alone: again and again the block insertion
/// that lowers the predicted error most, with every further one whose position range is apart, until the total
/// displacement reaches the radius. The end of the path is evaluated exactly, and the radius follows what the model was
/// good for (Conn, Gould, Toint: Trust-Region Methods, 2000, ch. 6). Where it disappoints, the best insertion of each
/// of the most promising blocks is evaluated exactly: those that hold are applied together, as many as pay, and blocks
/// about which the model was wrong (few, with large residuals) are left out of the next walks. Where no insertion that
/// the model proposes lowers the error, the order is a local optimum.
///
/// With a reach of 1 only neighbours are swapped: bubble repair.
class Descent final : public Step {
 public:
  /// `reach`: farthest that a block is moved at once, in places; 0 means any distance.
  Descent(Evaluator& evaluator, LinearModel& model, std::size_t reach, const DescentParameters& parameters);

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  /// A path's states: after how many insertions, how far moved in total, and the order.
  struct Stop {
    std::int64_t moves = 0;
    double displacement = 0;
    double predicted = 0;
    Blocks blocks;
  };
  void walk();
  [[nodiscard]] std::vector<Insertion> choose_moves(double room);
  [[nodiscard]] bool trusts(int position) const;
  bool accept_path(StepReport& report);
  [[nodiscard]] std::vector<Insertion> probe();
  bool accept_probes(StepReport& report);
  void update_trust(const Insertion& probe, double change);
  [[nodiscard]] Stop combine(std::span<const Insertion> moves) const;
  void take(const Stop& stop, double mse, StepReport& report);

  Evaluator* evaluator_;
  LinearModel* model_;
  DescentParameters parameters_;
  std::size_t reach_;
  ScoredOrder current_;
  double radius_ = 0;
  std::int64_t steps_ = 0;
  bool refined_ = false;
  std::int64_t successes_ = 0;  // since it became refined
  std::vector<Stop> path_;
  std::map<int, std::int64_t>
      excluded_until_;  // by expand piece: until which step the model is not believed about this block
};

}  // namespace kintsugi
