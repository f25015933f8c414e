#include "synth/forward_f64.hpp"

#include <algorithm>

#include "core/stop.hpp"

namespace kintsugi {

namespace {

using RowMajorF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// weight x + bias with a piece's float32 numbers in float64.
struct Layer {
  Eigen::MatrixXd weight;
  Eigen::VectorXd bias;  ///< empty without bias

  explicit Layer(const Piece& piece)
      : weight(Eigen::Map<const RowMajorF>(piece.weight.data(), static_cast<Eigen::Index>(piece.out),
                                           static_cast<Eigen::Index>(piece.in))
                   .cast<double>()),
        bias(Eigen::Map<const Eigen::VectorXf>(piece.bias.data(), static_cast<Eigen::Index>(piece.bias.size()))
                 .cast<double>()) {}

  template <class In, class Out>
  void apply(const In& in, Out&& out) const {
    out.noalias() = weight * in;
    if (bias.size() != 0) out.colwise() += bias;
  }
};

template <class Work>
void for_each_tile(Eigen::Index rows, const Work& work) {
  for (Eigen::Index first = 0; first < rows && !stop_heard(); first += kForwardTile)
    work(first, std::min(kForwardTile, rows - first));
}

}  // namespace

void apply_block(const ResidualBlock& block, Activation activation, Eigen::Ref<Eigen::MatrixXd> states) {
  const Layer expand(block.expand);
  const Layer compress(block.compress);
  Eigen::MatrixXd hidden;
  Eigen::MatrixXd residual;
  for_each_tile(states.cols(), [&](Eigen::Index first, Eigen::Index count) {
    auto state = states.middleCols(first, count);
    hidden.resize(expand.weight.rows(), count);
    residual.resize(state.rows(), count);
    expand.apply(state, hidden);
    if (activation == Activation::relu) {
      hidden = hidden.cwiseMax(0.0);
    } else {
      hidden = hidden.unaryExpr([&](double z) { return activate(activation, z); });
    }
    compress.apply(hidden, residual);
    state += residual;
  });
}

Eigen::MatrixXd apply_head(const Piece& head, const Eigen::Ref<const Eigen::MatrixXd>& states) {
  const Layer layer(head);
  Eigen::MatrixXd predictions(layer.weight.rows(), states.cols());
  for_each_tile(states.cols(), [&](Eigen::Index first, Eigen::Index count) {
    layer.apply(states.middleCols(first, count), predictions.middleCols(first, count));
  });
  return predictions;
}

}  // namespace kintsugi
