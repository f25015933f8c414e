#pragma once

#include <vector>

#include "search/rounds/depth_steps.hpp"
#include "search/rounds/pair_decoding.hpp"

namespace kintsugi {

/// A round that minds the depth of the blocks: steps of all blocks at once settle what is far (DepthSteps), then all
/// near pairs are decided (PairDecoding). Descents lower the error at the order's cost; so the next round begins where
/// the last one ended, unless what is known now is much better.
class DepthRound final : public Round {
 public:
  /// `clues` have a line or more. The evaluator must outlive the object.
  DepthRound(Evaluator& evaluator, Random random, const SearchClues& clues, const Parameters& parameters);

  [[nodiscard]] RoundPolicy policy() const override;
  [[nodiscard]] bool leads_on_from(const Blocks& order) const override { return !settled_ || order != from_; }
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override;
  void state(StateArchive& archive) override;

 private:
  /// The order, or one where blocks stand at their homes which are all but certain to be far from where they stood.
  /// Each block goes once: what the data make of it counts from then on.
  [[nodiscard]] ScoredOrder sent_home(const ScoredOrder& from);

  Evaluator* evaluator_;
  DepthPrior prior_;
  DepthSteps steps_;
  PairDecoding decoding_;
  double line_places_;
  DepthStepsParameters parameters_;
  bool waits_;  // for the local searches to have begun
  bool decodes_;
  bool decoding_now_ = false;
  Blocks from_;                  // what the last round was to begin with
  ScoredOrder start_;            // what the first one began with
  ScoredOrder last_;             // what it came to
  bool first_was_cold_ = false;  // the first round did without homes
  std::vector<int> sent_;        // expand pieces of the blocks that were sent home
  bool settled_ = false;         // the same as the one before
};

}  // namespace kintsugi
