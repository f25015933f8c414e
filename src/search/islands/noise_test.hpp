#pragma once

#include "core/order.hpp"
#include "core/state_archive.hpp"
#include "objective/error_floor.hpp"
#include "objective/first_order_model.hpp"

namespace kintsugi {

/// Whether what is left of an order's error on all rows is noise of the predictions (FirstOrderModel::explain_errors);
/// asked once of each order in a row.
class NoiseTest {
 public:
  /// Both must outlive the object. Where a tolerance is given, it alone says what is solved, and nothing is asked.
  NoiseTest(FirstOrderModel& model, const ErrorFloor& floor) : model_(&model), floor_(&floor) {}

  /// Collective over the model's ranks.
  const FirstOrderModel::Explained& ask(const Blocks& order);
  /// The last order asked of was this one, and its error is noise as far as can be told. Not collective.
  [[nodiscard]] bool found_noise(const Blocks& order) const { return result_.noise && order_ == order; }
  void state(StateArchive& archive) { archive(order_, result_.noise); }

 private:
  FirstOrderModel* model_;
  const ErrorFloor* floor_;
  Blocks order_;
  FirstOrderModel::Explained result_;
};

}  // namespace kintsugi
