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
  void add_residual(State&& state) {
    if (form_.norm == Norm::none) {
      expand(state);
    } else {
      normed_ = state;
      for (Eigen::Index row = 0; row < normed_.cols(); ++row) normalise(form_, normed_.col(row));
      expand(normed_);
    }
    residual_.resize(state.rows(), state.cols());
    compress_.apply(hidden_, residual_);
    state += residual_;
  }

 private:
  template <class In>
  void expand(const In& in) {
    hidden_.resize(expand_.weight.rows(), in.cols());
    expand_.apply(in, hidden_);
    if (gate_.empty()) return activate_all(activation_, hidden_);
    gates_.resize(hidden_.rows(), in.cols());
    gate_.front().apply(in, gates_);
    activate_all(activation_, gates_);
    hidden_ = hidden_.cwiseProduct(gates_);
  }

  Layer expand_;
  Layer compress_;
  std::vector<Layer> gate_;
  Activation activation_;
  BlockForm form_;
  Eigen::MatrixXd normed_, hidden_, gates_, residual_;
};

template <class Work>
void for_each_tile(Eigen::Index rows, const Work& work) {
  for (Eigen::Index first = 0; first < rows && !stop_heard(); first += kForwardTile)
    work(first, std::min(kForwardTile, rows - first));
}

}  // namespace

void apply_block(const ResidualBlock& block, Activation activation, const BlockForm& form,
                 Eigen::Ref<Eigen::MatrixXd> states) {
  Arithmetic arithmetic(fold(block, form.norm), activation, form);
  for_each_tile(states.cols(), [&](Eigen::Index first, Eigen::Index count) {
    arithmetic.add_residual(states.middleCols(first, count));
  });
}

Eigen::MatrixXd apply_head(const Piece& head, const Eigen::Ref<const Eigen::MatrixXd>& states) {
  const Layer layer({head.weight.begin(), head.weight.end()}, {head.bias.begin(), head.bias.end()}, head.out, head.in);
  Eigen::MatrixXd predictions(layer.weight.rows(), states.cols());
  for_each_tile(states.cols(), [&](Eigen::Index first, Eigen::Index count) {
    layer.apply(states.middleCols(first, count), predictions.middleCols(first, count));
  });
  return predictions;
}

}  // namespace kintsugi
