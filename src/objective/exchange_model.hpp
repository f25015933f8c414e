#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "objective/evaluator.hpp"
#include "objective/memory_budget.hpp"
#include "objective/share_slopes.hpp"

namespace kintsugi {

/// Predicts what exchanges of compress pieces do to the error of an order: the blocks' new residuals exactly, what
/// comes behind them to first order. Costs a ShareSlopes::linearise() and 8 operations for each exchange, row and
/// channel.
class ExchangeModel {
 public:
  /// `evaluator` must outlive it. Not collective.
  explicit ExchangeModel(Evaluator& evaluator, const MemoryBudget& memory = {})
      : evaluator_(&evaluator), memory_(memory), slopes_(evaluator) {}

  /// Two blocks of an order that trade their compress pieces.
  struct Exchange {
    std::size_t a = 0;  ///< positions, a < b
    std::size_t b = 0;
    double change = 0;  ///< of the MSE, predicted; negative is better, not finite where the network overflows
  };
  /// All exchanges between untrusted blocks (given by their expand pieces) of one hidden size, on the first `tiles`
  /// tiles or as many as MemoryBudget::slopes allows for. Collective over the evaluator's island.
  [[nodiscard]] std::vector<Exchange> exchanges(const Blocks& blocks, const std::set<int>& untrusted,
                                                std::size_t tiles);

 private:
  Evaluator* evaluator_;
  MemoryBudget memory_;
  ShareSlopes slopes_;
};

}  // namespace kintsugi
