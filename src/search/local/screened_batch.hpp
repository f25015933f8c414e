#pragma once

#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Evaluates many orders by a first look on a few tiles of the sample, and only the most promising ones on all of it.
/// Members are collective.
class ScreenedBatch {
 public:
  /// The evaluator must outlive the object.
  ScreenedBatch(Evaluator& evaluator, const ScreenedBatchParameters& parameters)
      : evaluator_(&evaluator), parameters_(parameters) {}

  /// Replaces `current` by the best of `orders` if that lowers its error. Only the best of those that look better than
  /// `screen_error` (current's at the first look) are evaluated on the whole sample.
  bool accept_best(ScoredOrder& current, std::vector<Blocks> orders, double screen_error) const;

  /// Current's error at the first look.
  [[nodiscard]] double screen_error(const ScoredOrder& current) const;

 private:
  Evaluator* evaluator_;
  ScreenedBatchParameters parameters_;
};

}  // namespace kintsugi
