#pragma once

#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/share_groups.hpp"

namespace kintsugi {

/// Blocks whose compress pieces are mixtures, and the memory of these: L h d floats. Not collective.
class ShareMixtures {
 public:
  /// The order's layers, in which each block of a group has the sum of the group's compress pieces, weighted by its
  /// `shares` of them; the others are as they are. Valid until the next call.
  [[nodiscard]] std::vector<Layer> mix(const Evaluator& evaluator, const ShareGroups& groups,
                                       std::span<const double> shares);

 private:
  struct Mixture {
    kernels::TileBuffer w_out, w_out_t, b_out;
  };
  std::vector<Mixture> mixtures_;  // by position; empty where the pair is given
};

}  // namespace kintsugi
