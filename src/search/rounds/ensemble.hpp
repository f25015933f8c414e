#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/memory_budget.hpp"
#include "search/rounds/position_belief.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Generations of orders, each drawn from what the last one has taught of the blocks' positions.
///
/// Where blocks change the state much, errors of orders say little: a few dozen pairs on the wrong side, and the error
/// is that of any good order, which search by error then ends at. But an order's output is one number for each row, and
/// over many random orders these numbers are nearly linear in the positions: what is not lies in few directions of the
/// rows. So orders are drawn from a normal density of the positions, their outputs evaluated, the density updated
/// (updated_belief()), and again: it narrows about the answer, and goes through no local optimum on its way. Its width
/// is honest, so that what it does not know stays open.
///
/// The start of an order is right before its end is, since all blocks behind depend on it. So the order's end is placed
/// first, given its start, wherever its blocks may be; then all blocks near to where they stand; then half as many more
/// at the end, and so on, until all may be anywhere.
///
/// Each generation is asked of other rows than the last: what the density has taken from rows that the linear model
/// does not fit is taken once.
///
/// Orders are divided over the island's ranks; rank 0 of it learns from them. With T blocks that may be anywhere, of
/// width d and hidden size h: about 600 T^3 d h operations for each generation, 160 T^2 floats of memory; of blocks
/// that are near, 80 T^3 d h, 20 T^2.
class Ensemble final : public Round {
 public:
  /// `table_bytes`: of a generation's numbers on rank 0 of the island, see MemoryBudget::table; it limits how many
  /// blocks are placed. The evaluator must outlive the object.
  Ensemble(Evaluator& evaluator, Random random, const EnsembleParameters& parameters,
           std::size_t table_bytes = MemoryBudget{}.table);

  [[nodiscard]] RoundPolicy policy() const override;
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  /// What is placed, and how.
  struct Scope {
    std::size_t blocks = 0;  // so many at the end of the order
    bool near = false;       // about where they stand, or anywhere among them
  };
  /// What is placed next time.
  [[nodiscard]] Scope next_scope() const;
  [[nodiscard]] std::size_t orders(const Scope& scope) const;
  [[nodiscard]] std::size_t entries(const Scope& scope) const;
  /// Of a generation.
  [[nodiscard]] std::size_t bytes(const Scope& scope) const;
  /// Of a generation's sample.
  [[nodiscard]] std::size_t tiles(const Scope& scope) const;
  /// The start as it is, and the placed blocks by ascending key.
  [[nodiscard]] Blocks order_by(const Eigen::VectorXd& keys) const;
  /// Each row's keys are drawn from the belief: [orders][blocks].
  [[nodiscard]] Eigen::MatrixXd draw();
  /// What the orders are off by: [orders][entries], on the island's first rank. Collective.
  [[nodiscard]] Eigen::MatrixXd differences(const std::vector<Blocks>& orders);
  /// The belief after a generation, on all ranks. False where there is none. Collective.
  [[nodiscard]] bool learn(const DrawnOrders& drawn);

  Evaluator* evaluator_;
  Random random_;
  EnsembleParameters parameters_;
  std::size_t table_bytes_;
  ScoredOrder current_;
  Blocks base_;                  // the order that is placed anew
  Scope scope_;                  // no blocks: none yet
  std::size_t anywhere_ = 0;     // so many at the end had a turn anywhere among them
  PositionBelief belief_;        // of the positions of the scope's blocks among them
  std::int64_t generation_ = 0;  // of this round
  std::int64_t asked_ = 0;       // generations of all rounds, each on its own rows
};

}  // namespace kintsugi
