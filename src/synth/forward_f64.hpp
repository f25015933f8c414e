#pragma once

#include <Eigen/Core>
#include <optional>

#include "kintsugi/core/activation.hpp"
#include "synth/problem.hpp"

namespace kintsugi {

/// Rows are worked in tiles of this many, the last one shorter: a row's result depends on its tile only.
inline constexpr Eigen::Index kForwardTile = 256;

/// x <- x + W_out act(W_in x + b_in) + b_out for every row, with what the block's parts and the network's form
/// add to that, in float64. `states` [d x N], a row's state in each column.
void apply_block(const ResidualBlock& block, Activation activation, const BlockForm& form,
                 Eigen::Ref<Eigen::MatrixXd> states);

/// head [k x d] applied to `states` [d x N], after the norm that `form` has before the head, with the gain `norm` where
/// that has one: [k x N], in float64.
[[nodiscard]] Eigen::MatrixXd apply_head(const Piece& head, const std::optional<Piece>& norm, const BlockForm& form,
                                         const Eigen::Ref<const Eigen::MatrixXd>& states);

}  // namespace kintsugi
