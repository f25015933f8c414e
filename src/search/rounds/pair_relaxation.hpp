#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/relaxed_pairing.hpp"
#include "search/clues.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Pairing by data, all pairs at once: steps of RelaxedPairing at the present order, from equal shares, or from those
/// that the weights say.
///
/// Steps are few, as further ones fit the shares to what is wrong with the order. What a wrong order does to the shares
/// differs from order to order, so that they are averaged over all rounds, the latest ones counting most, and in the
/// first round over random orders besides. A round's result is the pairing by these shares, or by the round's own
/// where its error is lower, even if either is higher than the error of the pairs before: those suit the order that
/// the search is at, right ones suit the right order. Where both are the same, the result is gone on from in any case.
class PairRelaxation final : public Round {
 public:
  /// The untrusted blocks of `clues` look for partners; a step costs half as many evaluations of the whole network as
  /// they are, and has the square of their number as unknowns. The evaluator must outlive the object.
  PairRelaxation(Evaluator& evaluator, const SearchClues& clues, Random random, const Parameters& parameters,
                 const MemoryBudget& memory = {});

  [[nodiscard]] RoundPolicy policy() const override;
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  void add_to_average();
  void finish(StepReport& report);

  /// Shares over `orders` orders.
  struct Average {
    std::vector<double> shares;
    std::int64_t orders = 0;
    void state(StateArchive& archive) { archive(shares, orders); }
  };
  /// What the last round has come to.
  struct Outcome {
    bool changed = true;  // pairs
    bool agreed = false;  // its own shares give the pairs that the average gives
    void state(StateArchive& archive) { archive(changed, agreed); }
  };

  Evaluator* evaluator_;
  RelaxedPairing pairing_;
  std::set<int> untrusted_;
  PairShares likely_;
  Random random_;
  PairRelaxationParameters parameters_;
  ScoredOrder current_;
  Blocks last_;  // order that the last round was started from
  Average average_;
  std::int64_t rounds_ = 0;
  std::int64_t orders_left_ = 0;  // of this round
  std::int64_t steps_ = 0;        // at the present order
  Outcome outcome_;
};

}  // namespace kintsugi
