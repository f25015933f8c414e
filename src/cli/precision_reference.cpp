#include "cli/precision_reference.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/reference.hpp"
#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/row_tiles.hpp"

namespace kintsugi::cli {

namespace {

/// The rows that `solve` takes the effect of the weights' rounding on: those of the first tiles, of which row i belongs
/// to tile i mod T.
struct Sample {
  RowsF64 rows;
  std::vector<std::size_t> numbers;
};

Sample precision_sample(const ProblemFile& rows, const ErrorFloorParameters& parameters) {
  constexpr std::size_t kSlabRows = 256;
  Sample sample;
  sample.rows.shape = rows.shape();
  const std::size_t all = sample.rows.shape.rows;
  const std::size_t width = sample.rows.shape.width;
  const std::size_t tiles = RowTiles::count(all);
  const std::size_t used = RowTiles::tiles_for(static_cast<std::size_t>(parameters.precision_rows), all);
  for (std::size_t first = 0; first < all; first += kSlabRows) {
    const std::size_t count = std::min(kSlabRows, all - first);
    const RowsF64 slab = rows.read_f64(first, count);
    for (std::size_t r = 0; r < count; ++r) {
      if ((first + r) % tiles >= used) continue;
      const auto at = slab.inputs.begin() + static_cast<std::ptrdiff_t>(r * width);
      sample.rows.inputs.insert(sample.rows.inputs.end(), at, at + static_cast<std::ptrdiff_t>(width));
      sample.numbers.push_back(first + r);
    }
  }
  sample.rows.shape.rows = sample.numbers.size();
  return sample;
}

NetworkF64 moved(NetworkF64 network, WeightPrecision precision, int draw) {
  for (std::size_t p = 0; p < network.pieces.size(); ++p) {
    Random random = moving_numbers(draw, static_cast<int>(p));
    move_within_step(precision, network.pieces[p].weight, network.pieces[p].factors, random);
    move_within_step(precision, network.pieces[p].bias, network.pieces[p].factors, random);
    move_within_step(precision, network.pieces[p].gate_weight, network.pieces[p].factors, random);
    move_within_step(precision, network.pieces[p].gate_bias, network.pieces[p].factors, random);
  }
  return network;
}

}  // namespace

PrecisionErrors precision_targets(const NetworkF64& network, const Assembly& assembly, const ProblemFile& rows,
                                  WeightPrecision precision, const RowScales& scales) {
  if (precision == WeightPrecision::float32) return {};
  const ErrorFloorParameters parameters;
  const Sample sample = precision_sample(rows, parameters);
  const std::size_t outputs = rows.shape().outputs;
  const std::vector<double> exact = predict_reference(network, assembly, sample.rows);
  const auto draws = static_cast<int>(parameters.precision_draws);
  double plain = 0;
  double scaled = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<double> other = predict_reference(moved(network, precision, draw), assembly, sample.rows);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double change = other[i] - exact[i];
      const double scale = scales.of(sample.numbers[i / outputs], i % outputs);
      plain += change * change;
      scaled += change * scale * change * scale;
    }
  }
  const double each = parameters.precision_ratio / static_cast<double>(exact.size() * static_cast<std::size_t>(draws));
  return {.plain_target = each * plain, .scaled_target = each * scaled};
}

}  // namespace kintsugi::cli
