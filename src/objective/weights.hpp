#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/block.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "mpi/node_shared.hpp"

namespace kintsugi {

/// All pieces' weights as the kernels want them, and their transposes, once per node in shared memory; where there can
/// be none, once per rank.
class SharedWeights {
 public:
  /// Collective over `comm`. `network` and `roles` are read on rank 0 only.
  SharedWeights(const mpi::Comm& comm, const Network& network, const Roles& roles);

  /// Bytes that each rank of some node holds for itself because they cannot be shared; 0 where all are shared.
  [[nodiscard]] std::size_t copied_bytes() const noexcept { return memory_->has_copies() ? total_ * sizeof(float) : 0; }
  [[nodiscard]] const Roles& roles() const noexcept { return roles_; }
  [[nodiscard]] Activation activation() const noexcept { return activation_; }
  [[nodiscard]] const BlockForm& form() const noexcept { return form_; }
  /// Evaluators that were made before keep the activation that they have. Alike on all ranks.
  void set_activation(Activation activation) noexcept { activation_ = activation; }
  /// h of a block with this expand (or compress) piece; positions in Network::pieces.
  [[nodiscard]] std::size_t hidden(int piece) const {
    return static_cast<std::size_t>(hidden_[static_cast<std::size_t>(piece)]);
  }
  /// Rows of W_in as kernels have it, and so the features of the tiles that they work in: h, or 2h of gated blocks.
  [[nodiscard]] std::size_t inner(int expand) const {
    return static_cast<std::size_t>(out_[static_cast<std::size_t>(expand)]);
  }
  /// See precision_of(); and BasicPiece::factors of a piece.
  [[nodiscard]] WeightPrecision precision() const noexcept { return precision_; }
  [[nodiscard]] int factors(int piece) const { return factors_[static_cast<std::size_t>(piece)]; }
  /// The form of the blocks with this expand piece.
  [[nodiscard]] BlockForm form_of(int expand) const {
    BlockForm form = form_;
    if (normed_[static_cast<std::size_t>(expand)] == 0) form.norm = Norm::none;
    form.gated = inner(expand) != hidden(expand);
    return form;
  }
  /// Where the block's weights lie: valid as long as this object. Not collective.
  [[nodiscard]] kernels::BlockWeights block(const Block& block) const;
  /// All numbers of a piece, with zeros between them. Valid as long as this object. Not collective.
  [[nodiscard]] std::span<const float> numbers(int piece) const;
  /// The two blocks are equal, number by number: the network is the same where they trade places. Not collective.
  [[nodiscard]] bool are_equal(const Block& a, const Block& b) const;
  [[nodiscard]] const float* head_weight() const;  ///< [k x d] row-major
  [[nodiscard]] const float* head_bias() const;    ///< [k]

 private:
  void share_shapes(const mpi::Comm& comm, const Network& network, const Roles& roles);
  void fill(const Network& network);

  Roles roles_;
  Activation activation_ = Activation::relu;
  BlockForm form_;
  std::vector<int> out_;  // of each piece, a gate's rows included
  std::vector<int> in_;
  std::vector<int> factors_;
  WeightPrecision precision_ = WeightPrecision::float32;
  std::vector<int> hidden_;
  std::vector<int> normed_;
  std::vector<std::size_t> at_;  // of each piece's weight, transpose, bias
  std::size_t total_ = 0;
  std::unique_ptr<mpi::NodeShared> memory_;
};

}  // namespace kintsugi
