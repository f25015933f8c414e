#pragma once

#include <Eigen/Core>

#include "core/block_math.hpp"
#include "kernels/block.hpp"
#include "objective/row_tile.hpp"
#include "objective/weights.hpp"

namespace kintsugi {

/// A network on a tile of rows, by layers whose weights may be changed. A row's numbers do not depend on the rows
/// beside it.
template <class Real>
struct PlainForward {
  using Scalar = Real;
  using States = Eigen::Matrix<Scalar, Eigen::Dynamic, static_cast<int>(kernels::kTileRows), Eigen::RowMajor>;
  using Weight = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Bias = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  /// weight x + bias.
  struct Layer {
    Weight weight;
    Bias bias;

    template <class From>
    Layer(const From* weights, const From* biases, std::size_t out, std::size_t in)
        : weight(Eigen::Map<const Eigen::Matrix<From, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
                     weights, static_cast<Eigen::Index>(out), static_cast<Eigen::Index>(in))
                     .template cast<Scalar>()),
          bias(Eigen::Map<const Eigen::Matrix<From, Eigen::Dynamic, 1>>(biases, static_cast<Eigen::Index>(out))
                   .template cast<Scalar>()) {}

    [[nodiscard]] States apply(const States& states) const {
      States result = weight * states;
      result.colwise() += bias;
      return result;
    }
  };

  static Layer expand(const SharedWeights& weights, const Block& block) {
    const kernels::BlockWeights values = weights.block(block);
    return {values.w_in, values.b_in, weights.inner(block.expand), weights.roles().width};
  }
  static Layer compress(const SharedWeights& weights, const Block& block) {
    const kernels::BlockWeights values = weights.block(block);
    return {values.w_out, values.b_out, weights.roles().width, weights.hidden(block.expand)};
  }
  static Layer head(const SharedWeights& weights) {
    return {weights.head_weight(), weights.head_bias(), weights.roles().outputs, weights.roles().width};
  }

  static States inputs(const RowTile& tile, std::size_t width) {
    return Eigen::Map<
               const Eigen::Matrix<float, Eigen::Dynamic, static_cast<int>(kernels::kTileRows), Eigen::RowMajor>>(
               tile.inputs, static_cast<Eigen::Index>(width), static_cast<int>(kernels::kTileRows))
        .template cast<Scalar>();
  }

  /// Adds the residuals of a block of these layers, the gate's rows first in `expand`, to the states. `form`: the
  /// block's.
  static void advance(const BlockForm& form, Activation activation, const Layer& expand, const Layer& compress,
                      States& states) {
    const Eigen::Index up = form.gated ? expand.weight.rows() / 2 : expand.weight.rows();
    const auto part = [&](Eigen::Index first) {
      return [&, first](const States& in) {
        States result = expand.weight.middleRows(first, up) * in;
        result.colwise() += expand.bias.segment(first, up);
        return result;
      };
    };
    add_residual<RowsAre::columns>(form, activation, states, part(expand.weight.rows() - up), part(0),
                                   [&](const States& hidden) { return compress.apply(hidden); });
  }
  /// States after the norm of `form`.
  [[nodiscard]] static States normalised(const BlockForm& form, States states) {
    normalise_all<RowsAre::columns>(form, states);
    return states;
  }
};

}  // namespace kintsugi
