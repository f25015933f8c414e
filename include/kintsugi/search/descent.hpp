#pragma once

#include <optional>

#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Descent by insertions on a first-order model, with a trust region.
///
/// A step takes the model at the current order and then moves on the model alone: again and again the block insertion that lowers
/// the predicted error most, with every further one whose position range is apart, until the total displacement reaches the radius.
/// The end of the path is evaluated exactly; where it disappoints, shorter prefixes are, and the radius follows what the model was good for (Conn, Gould, Toint:
/// Trust-Region Methods, 2000, ch. 6). Where not even the most promising single insertions, evaluated exactly, lower the error, the order is a local optimum.
///
/// With a reach of 1 only neighbours are swapped: bubble repair.
class Descent final : public Search {
 public:
  /// `reach`: farthest that a block is moved at once, in places; 0 means any distance.
  Descent(Evaluator& evaluator, FirstOrderModel& model, std::size_t reach);

  [[nodiscard]] std::string_view name() const override { return reach_ == 1 ? "bubble" : "insertion"; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }

 private:
  /// A path's states: after how many insertions, how far moved in total, and the order.
  struct Stop {
    std::int64_t moves = 0;
    double displacement = 0;
    double predicted = 0;
    Blocks blocks;
  };
  void walk(std::size_t reach);
  [[nodiscard]] std::vector<Insertion> choose_moves(std::size_t reach, double room);
  bool accept_full_path(StepReport& report);
  bool accept_prefix(StepReport& report);
  bool accept_single(std::size_t reach, StepReport& report);
  void take(const Stop& stop, double mse, StepReport& report);

  Evaluator* evaluator_;
  FirstOrderModel* model_;
  std::size_t reach_;
  Candidate current_;
  double radius_ = 0;
  std::vector<Stop> path_;
};

}  // namespace kintsugi
