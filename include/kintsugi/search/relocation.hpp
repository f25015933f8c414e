#pragma once

#include "kintsugi/core/random.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Relocation of single blocks over long distances, evaluated exactly.
///
/// A block with a large residual that stands far from its place is where first-order models fail: they predict a rise
/// where there is a fall, and a descent on them ends in a local optimum that is none. A step takes the blocks in random
/// order, a few at a time, tries each at a coarse grid of positions on a part of the sample, and checks the best on the
/// whole sample. The first that lowers the error is taken.
class Relocation final : public Search {
 public:
  Relocation(Evaluator& evaluator, Random random) : evaluator_(&evaluator), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "relocation"; }
  void start(const Candidate& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }

 private:
  void add_targets(int from, std::vector<Blocks>& orders);

  Evaluator* evaluator_;
  Random random_;
  Candidate current_;
};

}  // namespace kintsugi
