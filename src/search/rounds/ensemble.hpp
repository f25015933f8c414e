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
/// first, given its start, then half as many more blocks, up to all.
///
/// Orders are divided over the island's ranks; rank 0 of it learns from them. With T blocks that are placed, of width d
/// and hidden size h: about 600 T^3 d h operations for each generation, 160 T^2 floats of memory.
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
  /// How many blocks are placed together next time.
  [[nodiscard]] std::size_t next_size() const;
  /// Of a generation that places so many blocks.
  [[nodiscard]] std::size_t bytes(std::size_t blocks) const;
  /// Of the sample on which so many blocks are placed.
  [[nodiscard]] std::size_t tiles(std::size_t blocks) const;
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
  Blocks base_;            // the order that is placed anew
  std::size_t size_ = 0;   // how many blocks at its end are; 0: none yet
  PositionBelief belief_;  // of their positions among them
  std::int64_t generation_ = 0;
  bool settled_ = true;  // the next round begins anew
};

}  // namespace kintsugi
