#include "objective/rounding_check.hpp"

#include <algorithm>

#include "core/stop.hpp"
#include "objective/plain_forward.hpp"

namespace kintsugi {

namespace {

template <class Scalar>
typename PlainForward<Scalar>::States final_states(const SharedWeights& weights, const Blocks& blocks,
                                                   const RowTile& tile) {
  using Forward = PlainForward<Scalar>;
  typename Forward::States states = Forward::inputs(tile, weights.roles().width);
  for (const Block& block : blocks) {
    if (stop_heard()) break;
    Forward::advance(weights, Forward::expand(weights, block), Forward::compress(weights, block), states);
  }
  return states;
}

void add_tile(const SharedWeights& weights, const Blocks& blocks, const RowTile& tile, RoundingTally& tally) {
  using Exact = PlainForward<double>;
  using Single = PlainForward<float>;
  const Exact::Layer head = Exact::head(weights);
  const Exact::States states = final_states<double>(weights, blocks, tile);
  const Exact::States exact = head.apply(states);
  const Single::States single = Single::head(weights).apply(final_states<float>(weights, blocks, tile));
  Exact::States magnitudes = head.weight.cwiseAbs2() * states.cwiseAbs2();
  magnitudes.colwise() += head.bias.cwiseAbs2();
  for (Eigen::Index q = 0; q < exact.rows(); ++q) {
    for (Eigen::Index row = 0; row < static_cast<Eigen::Index>(tile.rows); ++row) {
      const double data = tile.predictions[q * exact.cols() + row];
      const double scale = tile.scales != nullptr ? tile.scales[q * exact.cols() + row] : 1;
      tally.add({data, exact(q, row), single(q, row), magnitudes(q, row), scale});
    }
  }
}

}  // namespace

RoundingVerdict check_rounding(const Evaluator& evaluator, const Blocks& blocks, const FoundRounding& rounding,
                               const ErrorFloorParameters& parameters) {
  const RowTiles& rows = evaluator.rows();
  RoundingTally all(rounding.way);
  mpi::ExactSums sums(RoundingTally::kSums);
  for (const RowTile* const tile : evaluator.own_tiles(rows.tiles())) {
    if (stop_heard()) break;
    RoundingTally tally(rounding.way);
    add_tile(evaluator.weights(), blocks, *tile, tally);
    tally.to_unit(rows.unit());
    for (std::size_t i = 0; i < RoundingTally::kSums; ++i) sums.add(i, tally.sums()[i]);
    for (std::size_t i = 0; i < all.largest().size(); ++i) {
      all.largest()[i] = std::max(all.largest()[i], tally.largest()[i]);
    }
  }
  sums.reduce_or_stop(evaluator.island());
  for (std::size_t i = 0; i < RoundingTally::kSums; ++i) all.sums()[i] = sums.value(i);
  all.from_unit(rows.unit());
  evaluator.island().max(all.largest());
  return all.verdict(rounding, rows.shape().rows * rows.shape().outputs, parameters);
}

}  // namespace kintsugi
