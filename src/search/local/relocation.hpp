#pragma once

#include <vector>

#include "core/random.hpp"
#include "search/local/screened_batch.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Relocation of single blocks over long distances, evaluated exactly.
///
/// A block with a large residual that stands far from its place is where first-order models fail: they predict a rise
/// where there is a fall, and a descent on them ends in a local optimum that is none. A step takes the next few blocks
/// of a random sequence, tries each at a coarse grid of positions on a part of the sample, and checks the best on the
/// whole sample. The sequence goes on from one start to the next, so that a step costs little and all blocks have
/// their turn.
class Relocation final : public Step {
 public:
  Relocation(const ScreenedBatch& batch, Random random, const RelocationParameters& parameters)
      : batch_(batch), random_(random), parameters_(parameters) {}

  void begin(const ScoredOrder& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  void add_targets(int from, std::vector<Blocks>& orders);

  ScreenedBatch batch_;
  Random random_;
  RelocationParameters parameters_;
  ScoredOrder current_;
  std::vector<int> turn_;  // expand pieces in the sequence in which their blocks are tried
  std::size_t next_ = 0;   // in turn_
};

}  // namespace kintsugi
