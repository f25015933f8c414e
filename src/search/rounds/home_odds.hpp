#pragma once

#include <Eigen/Core>
#include <vector>

#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// Where blocks are at home by several signs together (Homing): minus the logarithms of the odds of places,
/// [blocks][places], less a constant for each block; empty without signs.
///
/// The odds are those of a conditional logit (McFadden, in Frontiers in Econometrics, 1974): exp(-sum_k w_k T_k). The
/// signs' weights are learnt from the order that they are taken of, as if each block had chosen its present position or
/// one beside it among those within reach. Few weights and many blocks: blocks that stand wrong make the odds flatter,
/// not wrong. Not collective.
[[nodiscard]] Eigen::MatrixXd home_odds(const std::vector<Eigen::MatrixXd>& signs,
                                        const HomeOddsParameters& parameters);

}  // namespace kintsugi
