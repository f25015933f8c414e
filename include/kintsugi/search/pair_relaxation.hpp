#pragma once

#include <set>

#include "kintsugi/objective/relaxed_pairing.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Pairing by data, all pairs at once: a round of steps of RelaxedPairing at the present order, from equal shares.
///
/// Each step's shares are rounded to pairs, and the round's result is the pairing of these that has the lowest error,
/// even if that is higher than the error of the pairs before: those suit the order that the search is at, right ones
/// suit the right order. As long as the order is wrong, the last steps fit the shares to its errors; a round is short.
class PairRelaxation final : public Search {
 public:
  /// `loose`: expand pieces of the blocks that look for partners.
  PairRelaxation(Evaluator& evaluator, std::set<int> loose)
      : evaluator_(&evaluator), pairing_(evaluator), loose_(std::move(loose)) {}

  [[nodiscard]] std::string_view name() const override { return "pair-relaxation"; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  Evaluator* evaluator_;
  RelaxedPairing pairing_;
  std::set<int> loose_;
  Candidate current_;
  std::int64_t steps_ = 0;  // of the round
};

}  // namespace kintsugi
