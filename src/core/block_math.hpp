#pragma once

#include <Eigen/Core>
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
  if (rule_of(form.norm).centred) state.array() -= state.mean();
  const Scalar mean_square = state.squaredNorm() / static_cast<Scalar>(state.size());
  state /= std::sqrt(mean_square + static_cast<Scalar>(form.eps));
}

/// How a matrix holds rows of data.
enum class RowsAre { rows, columns };

/// The norm of all rows of data, in place.
template <RowsAre rows, class Matrix>
void normalise_all(const BlockForm& form, Matrix&& states) {
  if (form.norm == Norm::none) return;
  if constexpr (rows == RowsAre::rows) {
    for (Eigen::Index row = 0; row < states.rows(); ++row) normalise(form, states.row(row));
  } else {
    for (Eigen::Index row = 0; row < states.cols(); ++row) normalise(form, states.col(row));
  }
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

/// Adds a block's residual to `states`. `expand`, `gate` (called where the form has gates) and `compress` give a
/// layer's products and biases for what they are given. The one definition of a block beside the kernels', which are
/// tested against it.
template <RowsAre rows, class Matrix, class Expand, class Gate, class Compress>
void add_residual(const BlockForm& form, Activation activation, Matrix&& states, const Expand& expand, const Gate& gate,
                  const Compress& compress) {
  typename std::decay_t<Matrix>::PlainObject in = states;
  normalise_all<rows>(form, in);
  auto hidden = expand(in);
  if (form.gated) {
    auto gates = gate(in);
    activate_all(activation, gates);
    hidden = hidden.cwiseProduct(gates).eval();
  } else {
    activate_all(activation, hidden);
  }
  states += compress(hidden);
}

}  // namespace kintsugi
