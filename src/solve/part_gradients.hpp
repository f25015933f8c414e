#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

using PartMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using PartVector = Eigen::RowVectorXd;

/// A network in float64 on some rows, its parts apart from the pieces, with the derivatives of its predictions by the
/// numbers of flat parts. Not collective.
class PartGradients {
 public:
  /// Where a part stands: what it is, and the position of its owner in network.pieces.
  using Slot = std::pair<PartKind, int>;

  /// `network` has its parts; both are kept by reference.
  PartGradients(const NetworkF64& network, const Assembly& assembly);

  /// The numbers of the part there: its weights, and behind them its bias where it has one.
  void set(const Slot& slot, PartVector values) { values_[slot] = std::move(values); }
  /// Exchanges the gate and the expand piece of the block at `place`.
  void turn(std::size_t place) { blocks_[place].up.swap(blocks_[place].gate); }

  /// Predictions [n x k] for inputs [n x d]. Throws Stopped.
  const PartMatrix& forward(const PartMatrix& inputs);
  /// Of one output, at the last forward pass: derivatives by the numbers of each slot, [n x numbers] each, and by
  /// turning each gated block ([n], the change in full). Throws Stopped.
  struct Derivatives {
    std::map<Slot, PartMatrix> parts;
    std::vector<Eigen::VectorXd> turns;  ///< by place; empty where the block has no gate
  };
  [[nodiscard]] Derivatives backward(Eigen::Index output, bool with_turns) const;

 private:
  struct Layer {
    PartMatrix weight;
    PartVector bias;
    [[nodiscard]] PartMatrix apply(const PartMatrix& in) const;
    void swap(Layer& other) {
      weight.swap(other.weight);
      bias.swap(other.bias);
    }
  };
  struct BlockLayers {
    int expand = 0;
    int compress = 0;
    Layer up, gate, out;
    bool normed = false;
  };
  /// What a pass keeps of a block.
  struct Kept {
    PartMatrix normed, up, gate, residual;
    Eigen::VectorXd factors;  // of the norm
  };

  static Layer layer(const std::vector<double>& weight, const std::vector<double>& bias, std::size_t out,
                     std::size_t in);
  /// The norm's result after its gain and bias.
  [[nodiscard]] PartMatrix gained(const PartMatrix& normed, const Slot& slot) const;
  [[nodiscard]] const PartVector* find(const Slot& slot) const;
  void normalise_rows(Norm norm, PartMatrix& states, Eigen::VectorXd& factors) const;
  /// Gradients by what a norm gave become those by what it was given.
  static void pull_through(Norm norm, const PartMatrix& normed, const Eigen::VectorXd& factors, PartMatrix& gradient);
  void add(const Slot& slot, const PartMatrix& normed, const PartMatrix& gradient, Derivatives& result) const;
  [[nodiscard]] PartMatrix pull_back(std::size_t place, const PartMatrix& gradient, bool with_turns,
                                     Derivatives& result) const;

  const NetworkF64& network_;
  std::vector<BlockLayers> blocks_;
  Layer head_;
  int head_position_;
  std::map<Slot, PartVector> values_;
  std::vector<Kept> kept_;
  PartMatrix last_;
  Eigen::VectorXd last_factors_;
  PartMatrix predictions_;
};

}  // namespace kintsugi
