#include "search/islands/noise_test.hpp"

#include <cmath>

#include "search/islands/exchange_rise.hpp"

namespace kintsugi {

const ResidualTest& NoiseTest::ask(const Blocks& order) {
  if (order_ != order && !floor_->given()) {
    order_.clear();  // a stop may come before there is a result
    result_ = test_residuals(*model_, order, parameters_);
    // Of rows that are all equal, the errors are one number.
    result_.noise = result_.noise && floor_->rows_differ();
    const double mse = model_->base_error();
    if (result_.noise && open_.size() > 1) {
      result_.noise = least_exchange_rise(model_->evaluator(), order, open_, memory_) >= parameters_.exchange_rise;
    }
    const double target = floor_->precision_target(model_->evaluator(), order);
    precision_ = target > 0 && std::isfinite(mse) && mse <= target;
    order_ = order;
  }
  return result_;
}

}  // namespace kintsugi
