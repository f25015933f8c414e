#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/block_form.hpp"

namespace kintsugi {

/// The number format that all weights of a network are exact in.
enum class WeightPrecision : std::uint8_t { float32, float16, bfloat16 };

/// One anonymous linear layer y = weight x + bias.
/// `weight` is row-major [out x in] as PyTorch stores it; `bias` is [out], or empty where the layer has none.
template <class Real>
struct BasicPiece {
  int index = 0;  ///< the number in the user's files; what a permutation is made of
  std::size_t out = 0;
  std::size_t in = 0;
  std::vector<Real> weight;
  std::vector<Real> bias;
  std::string source;  ///< where it came from, for messages ("pieces/piece_3.pth")
  /// Of an expand piece in a gated network: the gate's, of the same shapes. Else empty.
  std::vector<Real> gate_weight = {};
  std::vector<Real> gate_bias = {};
  bool normed = true;  ///< of an expand piece: the form's norm stands before this block, too
  int factors = 1;  ///< numbers of the user's files that each weight is the product of: more where parts are folded in
};

using Piece = BasicPiece<float>;      ///< what the solver works on
using PieceF64 = BasicPiece<double>;  ///< what `import` reads and `verify` recomputes with

enum class PartKind : std::uint8_t { norm, gate, scale, head_norm };

/// A piece of a block beside its two: the gain (`weight` [d]) and bias of its norm, the gate [h x d], or the scale [d]
/// of its residual; or the gain and bias of the norm before the head. What has one dimension has `in` = 1.
template <class Real>
struct BasicPart {
  PartKind kind = PartKind::norm;
  int owner = 0;  ///< index of the block's expand piece (norm, gate) or compress piece (scale), or of the head
  BasicPiece<Real> piece;
};

/// The anonymous pieces of one residual network, in ascending order of their index.
template <class Real>
struct BasicNetwork {
  std::vector<BasicPiece<Real>> pieces;
  Activation activation = Activation::relu;
  BlockForm form;
  /// As files have them. What works on a network takes one without: fold() puts them into the pieces.
  std::vector<BasicPart<Real>> parts = {};
  /// What all numbers were exact in before fold() put parts into pieces; float32 where nothing was folded, too.
  WeightPrecision precision = WeightPrecision::float32;

  /// The own index of the piece at `position`; -1, which stands for none, stays -1.
  [[nodiscard]] int index_of(int position) const {
    return position < 0 ? -1 : pieces[static_cast<std::size_t>(position)].index;
  }
  /// The pieces' positions by their own indices.
  [[nodiscard]] std::map<int, int> positions() const {
    std::map<int, int> positions;
    for (std::size_t p = 0; p < pieces.size(); ++p) positions[pieces[p].index] = static_cast<int>(p);
    return positions;
  }
};

using Network = BasicNetwork<float>;
using NetworkF64 = BasicNetwork<double>;

}  // namespace kintsugi
