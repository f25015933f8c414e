#pragma once

#include <vector>

#include "core/random.hpp"
#include "search/search.hpp"

namespace kintsugi {

/// Relocation of single blocks over long distances, evaluated exactly.
///
/// A block with a large residual that stands far from its place is where first-order models fail: they predict a rise
/// where there is a fall, and a descent on them ends in a local optimum that is none. A step takes the next few blocks
/// of a random sequence, tries each at a coarse grid of positions on a part of the sample, and checks the best on the
/// whole sample. The sequence goes on from one start to the next, so that a step costs little and all blocks have
/// their turn.
class Relocation final : public Search {
 public:
  Relocation(Evaluator& evaluator, Random random) : evaluator_(&evaluator), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "relocation"; }
  void start(const Candidate& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  void add_targets(int from, std::vector<Blocks>& orders);

  Evaluator* evaluator_;
  Random random_;
  Candidate current_;
  std::vector<int> turn_;  // expand pieces in the sequence in which their blocks are tried
  std::size_t next_ = 0;   // in turn_
};

}  // namespace kintsugi
