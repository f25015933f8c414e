#include "synth/forward_f64.hpp"

#include <algorithm>
#include <vector>

#include "core/block_math.hpp"
#include "core/stop.hpp"

namespace kintsugi {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// weight x + bias.
struct Layer {
  Eigen::MatrixXd weight;
  Eigen::VectorXd bias;  ///< empty without bias

  Layer(const std::vector<double>& weights, const std::vector<double>& biases, std::size_t out, std::size_t in)
      : weight(
            Eigen::Map<const RowMajor>(weights.data(), static_cast<Eigen::Index>(out), static_cast<Eigen::Index>(in))),
        bias(Eigen::Map<const Eigen::VectorXd>(biases.data(), static_cast<Eigen::Index>(biases.size()))) {}
  explicit Layer(const PieceF64& piece) : Layer(piece.weight, piece.bias, piece.out, piece.in) {}

  template <class In, class Out>
  void apply(const In& in, Out&& out) const {
    out.noalias() = weight * in;
    if (bias.size() != 0) out.colwise() += bias;
  }
};

/// A block's layers in float64, and what it does to states.
class Arithmetic {
 public:
  Arithmetic(const FoldedBlock& block, Activation activation, const BlockForm& form)
      : expand_(block.expand), compress_(block.compress), activation_(activation), form_(form) {
    const PieceF64& piece = block.expand;
    if (form.gated) gate_.emplace_back(piece.gate_weight, piece.gate_bias, piece.out, piece.in);
  }

  /// Adds the residual to `state` [d x n].
  template <class State>
  void add_to(State&& state) const {
    const auto products = [](const Layer& layer) {
      return [&](const Eigen::MatrixXd& in) {
        Eigen::MatrixXd out(layer.weight.rows(), in.cols());
        layer.apply(in, out);
        return out;
      };
    };
    add_residual<RowsAre::columns>(form_, activation_, state, products(expand_),
                                   products(form_.gated ? gate_.front() : expand_), products(compress_));
  }

 private:
  Layer expand_;
  Layer compress_;
  std::vector<Layer> gate_;
  Activation activation_;
  BlockForm form_;
};

template <class Work>
void for_each_tile(Eigen::Index rows, const Work& work) {
  for (Eigen::Index first = 0; first < rows && !stop_heard(); first += kForwardTile)
    work(first, std::min(kForwardTile, rows - first));
}

}  // namespace

void apply_block(const ResidualBlock& block, Activation activation, const BlockForm& form,
                 Eigen::Ref<Eigen::MatrixXd> states) {
  BlockForm own = form;
  if (!block.normed) own.norm = Norm::none;
  const FoldedBlock folded = fold(block, own.norm);
  own.gated = !folded.expand.gate_weight.empty();
  const Arithmetic arithmetic(folded, activation, own);
  for_each_tile(states.cols(),
                [&](Eigen::Index first, Eigen::Index count) { arithmetic.add_to(states.middleCols(first, count)); });
}

Eigen::MatrixXd apply_head(const Piece& head, const std::optional<Piece>& norm, const BlockForm& form,
                           const Eigen::Ref<const Eigen::MatrixXd>& states) {
  const auto vector = [](const std::vector<float>& values) {
    return Eigen::VectorXd(
        Eigen::Map<const Eigen::VectorXf>(values.data(), static_cast<Eigen::Index>(values.size())).cast<double>());
  };
  const Layer layer({head.weight.begin(), head.weight.end()}, {head.bias.begin(), head.bias.end()}, head.out, head.in);
  Eigen::MatrixXd predictions(layer.weight.rows(), states.cols());
  for_each_tile(states.cols(), [&](Eigen::Index first, Eigen::Index count) {
    if (form.head_norm == Norm::none)
      return layer.apply(states.middleCols(first, count), predictions.middleCols(first, count));
    Eigen::MatrixXd in = states.middleCols(first, count);
    normalise_all<RowsAre::columns>(form.before_head(), in);
    if (norm) in = vector(norm->weight).asDiagonal() * in;
    if (norm && !norm->bias.empty()) in.colwise() += vector(norm->bias);
    layer.apply(in, predictions.middleCols(first, count));
  });
  return predictions;
}

}  // namespace kintsugi
