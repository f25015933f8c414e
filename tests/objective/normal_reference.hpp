#pragma once

#include <Eigen/Core>

#include "objective/effect_table.hpp"

namespace kintsugi::testing {

/// A table's row errors in float64.
inline Eigen::VectorXd row_errors(const EffectTable& table) {
  return Eigen::Map<const Eigen::VectorXf>(table.errors.data(), static_cast<Eigen::Index>(table.rows)).cast<double>();
}

/// Slopes' products with each other, damped as NormalEquations does it.
inline Eigen::MatrixXd damped_normal_matrix(const Eigen::MatrixXd& slopes, double damping) {
  Eigen::MatrixXd damped = slopes.transpose() * slopes;
  const Eigen::VectorXd own = damped.diagonal();
  damped.diagonal().array() += damping * (own.array() * own.mean()).sqrt();
  return damped;
}

}  // namespace kintsugi::testing
