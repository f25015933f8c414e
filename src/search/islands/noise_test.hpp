#pragma once

#include <set>
#include <utility>

#include "core/order.hpp"
#include "core/state_archive.hpp"
#include "objective/error_floor.hpp"
#include "objective/linear_model.hpp"
#include "objective/memory_budget.hpp"
#include "objective/residual_test.hpp"

namespace kintsugi {

/// Whether what is left of an order's error on all rows is noise of the predictions (test_residuals(); where pairs are
/// open, only if exchanges of their pieces stand out from it, see least_exchange_rise()), or what the
/// pieces' precision explains (ErrorFloor::precision_target()); asked once of each order in a row.
class NoiseTest {
 public:
  /// Model and floor must outlive the object; `open`: expand pieces of the blocks whose pairs are open. Where a
  /// tolerance is given, it alone says what is solved, and nothing is asked.
  NoiseTest(LinearModel& model, const ErrorFloor& floor, const ResidualTestParameters& parameters,
            std::set<int> open = {}, const MemoryBudget& memory = {})
      : model_(&model), floor_(&floor), parameters_(parameters), open_(std::move(open)), memory_(memory) {}

  /// Collective over the model's ranks.
  const ResidualTest& ask(const Blocks& order);
  /// The last order asked of was this one, and its error is noise as far as can be told, or the pieces' precision
  /// explains it. Not collective.
  [[nodiscard]] bool found_floor(const Blocks& order) const { return (result_.noise || precision_) && order_ == order; }
  /// The same of the last order asked of. Not collective.
  [[nodiscard]] const ResidualTest& found() const { return result_; }
  /// The last order asked of was this one, and most of its error on all rows, as far as there are rows to tell, is
  /// explained by neither inputs nor near swaps: more than `share` is not a wrong order's. Not collective.
  [[nodiscard]] bool near_floor(const Blocks& order, double share) const {
    return order_ == order && result_.threshold > 0 && result_.r_squared < share && result_.threshold < share;
  }
  void state(StateArchive& archive) {
    archive(order_, result_.noise, result_.r_squared, result_.threshold, precision_);
  }

 private:
  LinearModel* model_;
  const ErrorFloor* floor_;
  ResidualTestParameters parameters_;
  std::set<int> open_;
  MemoryBudget memory_;
  Blocks order_;
  ResidualTest result_;
  bool precision_ = false;
};

}  // namespace kintsugi
