#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "objective/relaxed_pairing.hpp"
#include "search/search.hpp"

namespace kintsugi {

/// Pairing by data, all pairs at once: steps of RelaxedPairing at the present order, from equal shares.
///
/// Steps are few, as further ones fit the shares to what is wrong with the order. What a wrong order does to the shares
/// differs from order to order, so that they are averaged over all rounds, the latest ones counting most, and in the
/// first round over random orders besides. A round's result is the pairing by these shares, or by the round's own
/// where its error is lower, even if either is higher than the error of the pairs before: those suit the order that
/// the search is at, right ones suit the right order. Where both are the same, they are insisted on.
class PairRelaxation final : public Search {
 public:
  /// Blocks that look for partners: a step costs half as many evaluations of the whole network, and has the square of
  /// it as unknowns.
  static constexpr std::size_t kMostBlocks = 512;

  /// `loose`: expand pieces of the blocks that look for partners, up to kMostBlocks.
  PairRelaxation(Evaluator& evaluator, std::set<int> loose, Random random)
      : evaluator_(&evaluator), pairing_(evaluator), loose_(std::move(loose)), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "pair-relaxation"; }
  [[nodiscard]] std::int64_t claim() const override;
  [[nodiscard]] bool insists() const override { return settled_ && moved_; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  void average();
  void finish(StepReport& report);

  Evaluator* evaluator_;
  RelaxedPairing pairing_;
  std::set<int> loose_;
  Random random_;
  Candidate current_;
  Blocks last_;               // order that the last round was started from
  std::vector<double> mean_;  // shares, over samples_ orders
  std::int64_t samples_ = 0;
  std::int64_t rounds_ = 0;
  std::int64_t left_ = 0;   // orders of this round still to be taken
  std::int64_t steps_ = 0;  // at the present one of them
  bool moved_ = true;       // the last round changed pairs
  bool settled_ = false;    // it found the pairs that the average has
};

}  // namespace kintsugi
