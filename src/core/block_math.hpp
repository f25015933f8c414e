#pragma once

#include <cmath>
#include <type_traits>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/block_form.hpp"

namespace kintsugi {

/// The norm of one row's state, in place; `state` is an Eigen vector or a row or column of a matrix. The reference that
/// kernels are tested against and `verify` uses.
template <class Vector>
void normalise(const BlockForm& form, Vector&& state) {
  using Scalar = typename std::decay_t<Vector>::Scalar;
  if (form.norm == Norm::none) return;
  if (form.norm == Norm::layer) state.array() -= state.mean();
  const Scalar mean_square = state.squaredNorm() / static_cast<Scalar>(state.size());
  state /= std::sqrt(mean_square + static_cast<Scalar>(form.eps));
}

/// The activations of all entries of a matrix, in place.
template <class Matrix>
void activate_all(Activation activation, Matrix&& values) {
  using Scalar = typename std::decay_t<Matrix>::Scalar;
  if (activation == Activation::relu) {
    values = values.cwiseMax(Scalar(0));
  } else {
    values = values.unaryExpr([activation](Scalar z) { return static_cast<Scalar>(activate(activation, z)); });
  }
}

}  // namespace kintsugi
