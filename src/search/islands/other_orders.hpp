#pragma once

#include <vector>

#include "core/alike.hpp"
#include "kintsugi/core/solution.hpp"
#include "objective/linear_model.hpp"

namespace kintsugi {

/// An order beside another one, and what the first-order model predicts it to do to the MSE.
struct OtherOrder {
  Tie tie;
  double change = 0;
};

/// The order that a tie makes of it.
[[nodiscard]] Blocks applied(const Blocks& blocks, const Tie& tie);

/// Trades of neighbours at the model's point of linearisation that it predicts to raise the MSE by `room` at most.
/// Collective.
[[nodiscard]] std::vector<OtherOrder> near_swaps(const LinearModel& model, double room);

/// The same of trades and moves over more than one position. Collective.
[[nodiscard]] std::vector<OtherOrder> by_model(LinearModel& model, double room);

/// Blocks that may exchange their compress pieces: these, or the expand pieces, are alike, or both do next to nothing:
/// their norms are at most `idle` times the median. Where all that is so, they may trade places, too: the model is too
/// coarse to see it. Not collective.
[[nodiscard]] std::vector<OtherOrder> by_weights(const SharedWeights& weights, const Blocks& blocks,
                                                 const Likeness& alike, double idle);

/// What to try at `blocks`, where the model was taken: those by weights, up to half of `most`, then those by the model,
/// the lowest first; none that changes nothing which has a name. Collective.
[[nodiscard]] std::vector<OtherOrder> other_orders(LinearModel& model, std::vector<OtherOrder> weights, double room,
                                                   std::size_t most);

/// Of all pieces, by their positions. Not collective.
[[nodiscard]] Likeness likeness_of(const SharedWeights& weights, const PairingParameters& parameters);

/// Whether it changes nothing that has a name. Not collective.
[[nodiscard]] bool is_of_equals(const SharedWeights& weights, const Blocks& blocks, const Tie& tie);

}  // namespace kintsugi
