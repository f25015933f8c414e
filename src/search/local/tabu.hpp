#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Tabu search (Glover: Tabu Search, Part I, ORSA Journal on Computing 1, 1989) by insertions and pair exchanges.
///
/// A step screens all insertions on the linear model, evaluates the most promising ones exactly, with a few random
/// exchanges among untrusted pairs, and makes the best of them, be it better or worse. A block that was moved is tabu
/// for a random number of steps (the tenure), unless moving it leads to the lowest error of the walk (aspiration). A
/// step that does reports success; the walk is stuck when it has not for a number of steps, and goes back to its best
/// order.
class Tabu final : public Step {
 public:
  /// `untrusted`: expand pieces of the blocks that may trade compress pieces.
  Tabu(Evaluator& evaluator, LinearModel& model, std::set<int> untrusted, Random random,
       const TabuParameters& parameters)
      : evaluator_(&evaluator),
        model_(&model),
        untrusted_(std::move(untrusted)),
        random_(random),
        parameters_(parameters) {}

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  /// A neighbour of the current order, and the blocks (by expand piece) that it moves.
  struct Neighbour {
    Blocks blocks;
    std::vector<int> moved;
  };
  [[nodiscard]] std::vector<Neighbour> insertions();
  void add_exchanges(std::vector<Neighbour>& neighbours);
  [[nodiscard]] bool is_tabu(const std::vector<int>& moved) const;

  Evaluator* evaluator_;
  LinearModel* model_;
  std::set<int> untrusted_;
  Random random_;
  TabuParameters parameters_;
  ScoredOrder current_;
  ScoredOrder best_;  // of this walk
  std::int64_t steps_ = 0;
  std::int64_t idle_ = 0;             // steps since `best_`
  std::map<int, std::int64_t> tabu_;  // by expand piece: the last step at which it must not move
};

}  // namespace kintsugi
