#include "search/islands/noise_test.hpp"

namespace kintsugi {

const FirstOrderModel::Explained& NoiseTest::ask(const Blocks& order) {
  if (order_ != order && !floor_->given()) {
    order_ = order;
    result_ = model_->explain_errors(order);
  }
  return result_;
}

}  // namespace kintsugi
