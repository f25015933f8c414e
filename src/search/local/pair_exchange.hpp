#pragma once

#include <set>

#include "objective/exchange_model.hpp"
#include "search/local/screened_batch.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Pairing by data: two blocks trade their compress pieces where that lowers the error.
///
/// For the few wrong pairs of networks whose weights show most of them, or of a pairing that was found by its error. A
/// step predicts the change of the error for all exchanges between untrusted pairs (ExchangeModel), tries
/// the most promising in batches, and keeps every one that helps.
class PairExchange final : public Step {
 public:
  /// `untrusted`: expand pieces of the blocks that may trade. The evaluator must outlive the object.
  PairExchange(Evaluator& evaluator, std::set<int> untrusted, const Parameters& parameters,
               const MemoryBudget& memory = {})
      : batch_(evaluator, parameters.screened_batch),
        model_(evaluator, memory),
        untrusted_(std::move(untrusted)),
        parameters_(parameters.pair_exchange) {}

  void begin(const ScoredOrder& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override { archive(current_); }

 private:
  ScreenedBatch batch_;
  ExchangeModel model_;
  std::set<int> untrusted_;
  PairExchangeParameters parameters_;
  ScoredOrder current_;
};

}  // namespace kintsugi
