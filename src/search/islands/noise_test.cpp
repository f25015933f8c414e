#include "search/islands/noise_test.hpp"

namespace kintsugi {

const ResidualTest& NoiseTest::ask(const Blocks& order) {
  if (order_ != order && !floor_->given()) {
    order_ = order;
    result_ = test_residuals(*model_, order, parameters_);
  }
  return result_;
}

}  // namespace kintsugi
