#pragma once

#include <set>

#include "objective/exchange_model.hpp"
#include "search/search.hpp"

namespace kintsugi {

/// Pairing by data: two blocks trade their compress pieces where that lowers the error.
///
/// For the few wrong pairs of networks whose weights show most of them, or of a pairing that was found by its error. A
/// step predicts the change of the error for all exchanges between blocks in doubt (ExchangeModel), tries
/// the most promising in batches, and keeps every one that helps.
class PairExchange final : public Search {
 public:
  /// `doubtful`: expand pieces of the blocks that may trade.
  PairExchange(Evaluator& evaluator, std::set<int> doubtful)
      : evaluator_(&evaluator), model_(evaluator), doubtful_(std::move(doubtful)) {}

  [[nodiscard]] std::string_view name() const override { return "pair-exchange"; }
  void start(const Candidate& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override { current_.save(writer); }
  void restore(StateReader& reader) override { current_.restore(reader); }

 private:
  Evaluator* evaluator_;
  ExchangeModel model_;
  std::set<int> doubtful_;
  Candidate current_;
};

}  // namespace kintsugi
