#include "objective/prediction_scales.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/rounding.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

/// Scales of outputs so far apart, or less, are alike.
constexpr int kAlikeBits = 3;
/// Scales within these bounds leave sums of squares exact.
constexpr int kUsualBits = 16;
/// Of the rounding of an output in units of its scale, against that of the most precise one.
constexpr double kRoughness = 16;
/// In units of the median distance.
constexpr double kOutlying = 64;
constexpr double kLeft = 8;
/// Where more rows than one in so many are far out, that is how predictions are spread.
constexpr std::size_t kMostOutlying = 20;

/// Ordered as the numbers are.
std::uint32_t key_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

float value_of(std::uint32_t key) { return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7FFFFFFFU : ~key); }

/// For each output the lower median over all rows of `value(prediction, output)`, its last byte cut off: radix
/// selection, by counts that are summed over the ranks.
template <class Value>
std::vector<float> medians(const Together& ranks, const RowShape& shape, std::span<const RowTile> tiles,
                           const Value& value) {
  constexpr std::size_t kDigits = 256;
  std::vector<std::uint32_t> prefix(shape.outputs, 0);
  std::vector<std::int64_t> rank(shape.outputs, static_cast<std::int64_t>((shape.rows - 1) / 2));
  for (const int shift : {24, 16, 8}) {
    std::vector<std::int64_t> counts(shape.outputs * kDigits, 0);
    for (const RowTile& tile : tiles) {
      for (std::size_t q = 0; q < shape.outputs; ++q) {
        for (std::size_t row = 0; row < tile.rows; ++row) {
          const std::uint32_t key = key_of(value(tile.predictions[q * kTileRows + row], q));
          const bool inside = shift == 24 || (key ^ prefix[q]) >> (shift + 8) == 0;
          if (inside) ++counts[q * kDigits + (key >> shift) % kDigits];
        }
      }
    }
    ranks.sum(counts);
    for (std::size_t q = 0; q < shape.outputs; ++q) {
      std::uint32_t digit = 0;
      for (; digit + 1 < kDigits && rank[q] >= counts[q * kDigits + digit]; ++digit) {
        rank[q] -= counts[q * kDigits + digit];
      }
      prefix[q] |= digit << shift;
    }
  }
  std::vector<float> result;
  result.reserve(shape.outputs);
  for (const std::uint32_t key : prefix) result.push_back(value_of(key));
  return result;
}

/// Rounded to a power of two.
int bits_of(double scale) { return static_cast<int>(std::lround(std::log2(scale))); }

/// Of each output the largest step of the rounding that all predictions have had, as decimals or digits tell; 0 where
/// they have had none.
std::vector<double> steps(const Together& ranks, const RowShape& shape, std::span<const RowTile> tiles) {
  RoundingFinder finder({});
  double largest = 0;
  const auto for_each = [&](const auto& apply) {
    for (const RowTile& tile : tiles) {
      for (std::size_t q = 0; q < shape.outputs; ++q) {
        for (std::size_t row = 0; row < tile.rows; ++row) apply(q, tile.predictions[q * kTileRows + row]);
      }
    }
  };
  for_each([&](std::size_t, double value) {
    finder.add(value);
    largest = std::max(largest, std::fabs(value));
  });
  ranks.sum(finder.misfits());
  ranks.max(std::span(&largest, 1));
  Rounding coarsest;
  for (std::size_t way = 0; way < finder.ways(); ++way) {
    const Rounding found = finder.way(way);
    if (finder.misfits()[way] == 0 && found.step(largest) > coarsest.step(largest)) coarsest = found;
  }
  std::vector<double> step(shape.outputs, 0);
  for_each([&](std::size_t q, double value) { step[q] = std::max(step[q], coarsest.step(value)); });
  ranks.max(step);
  return step;
}

struct Spread {
  std::vector<float> median;
  std::vector<double> scale;  // by output; more than 0
};

Spread look_at_spread(const Together& ranks, const RowShape& shape, std::span<const RowTile> tiles) {
  constexpr double kUnit = 0x1.0p-24;
  Spread spread;
  spread.median = medians(ranks, shape, tiles, [](float value, std::size_t) { return value; });
  const std::vector<float> distance =
      medians(ranks, shape, tiles, [&](float value, std::size_t q) { return std::fabs(value - spread.median[q]); });
  // An output most of whose numbers are equal is measured by its largest distance.
  std::vector<double> largest(shape.outputs, 0);
  for (const RowTile& tile : tiles) {
    for (std::size_t q = 0; q < shape.outputs; ++q) {
      for (std::size_t row = 0; row < tile.rows; ++row) {
        const double far = std::fabs(static_cast<double>(tile.predictions[q * kTileRows + row]) - spread.median[q]);
        largest[q] = std::max(largest[q], far);
      }
    }
  }
  ranks.max(largest);
  const std::vector<double> step = steps(ranks, shape, tiles);
  const auto rounding_of = [&](std::size_t q, double scale) {
    return std::max(kUnit * (1 + std::fabs(spread.median[q]) / scale), step[q] / scale);
  };
  double least_rounding = 1;
  for (std::size_t q = 0; q < shape.outputs; ++q) {
    const double size = std::fabs(spread.median[q]);
    double scale = distance[q] > 0 ? distance[q] : largest[q];
    if (!(scale > 0) || !std::isfinite(scale)) scale = size > 0 ? size : 1;
    spread.scale.push_back(scale);
    least_rounding = std::min(least_rounding, rounding_of(q, scale));
  }
  for (std::size_t q = 0; q < shape.outputs; ++q) {
    spread.scale[q] *= std::max(1.0, rounding_of(q, spread.scale[q]) / (kRoughness * least_rounding));
  }
  return spread;
}

/// By tile and slot: the distance of the row's farthest prediction, in its output's scale.
std::vector<std::vector<double>> distances(const Spread& spread, std::span<const RowTile> tiles) {
  std::vector<std::vector<double>> all;
  all.reserve(tiles.size());
  for (const RowTile& tile : tiles) {
    std::vector<double>& of_rows = all.emplace_back(kTileRows, 0.0);
    for (std::size_t q = 0; q < spread.scale.size(); ++q) {
      for (std::size_t row = 0; row < tile.rows; ++row) {
        const double far = std::fabs(static_cast<double>(tile.predictions[q * kTileRows + row]) - spread.median[q]);
        of_rows[row] = std::max(of_rows[row], far / spread.scale[q]);
      }
    }
  }
  return all;
}

}  // namespace

std::string describe(const PredictionScales& scales) {
  if (!scales.any()) return {};
  const auto [least, largest] = std::ranges::minmax(scales.of_output);
  std::string text;
  if (least < largest) {
    text = "outputs are of unlike scale, and the search sees their errors multiplied by 2^" +
           std::to_string(std::ilogb(least)) + " to 2^" + std::to_string(std::ilogb(largest));
  } else if (largest != 1) {
    text = "the search sees all errors multiplied by 2^" + std::to_string(std::ilogb(largest));
  }
  if (scales.outlying == 0) return text;
  if (!text.empty()) text += "; ";
  return text + std::to_string(scales.outlying) + (scales.outlying == 1 ? " row" : " rows") +
         " with outlying predictions count less in the search";
}

Together alone() {
  return {.sum = [](std::span<std::int64_t>) {}, .max = [](std::span<double>) {}};
}

PredictionScales find_scales(const mpi::Comm& comm, const RowShape& shape, std::span<const RowTile> tiles) {
  const Together ranks{.sum = [&](std::span<std::int64_t> values) { comm.sum(values); },
                       .max = [&](std::span<double> values) { comm.max(values); }};
  return find_scales(ranks, shape, tiles);
}

PredictionScales find_scales(const Together& ranks, const RowShape& shape, std::span<const RowTile> tiles) {
  const Spread spread = look_at_spread(ranks, shape, tiles);
  const std::vector<std::vector<double>> far = distances(spread, tiles);
  std::int64_t outlying = 0;
  for (const std::vector<double>& of_rows : far)
    outlying += std::ranges::count_if(of_rows, [](double x) { return x > kOutlying; });
  ranks.sum(std::span(&outlying, 1));
  if (static_cast<std::size_t>(outlying) * kMostOutlying > shape.rows) outlying = 0;

  PredictionScales scales;
  const auto [least, largest] = std::ranges::minmax(spread.scale);
  const int top = bits_of(largest);
  const bool unusual = std::abs(top) > kUsualBits;
  if (unusual) scales.unit = std::ldexp(1.0F, std::clamp(-top, -120, 120));
  const bool alike = bits_of(largest) - bits_of(least) <= kAlikeBits;
  if (alike && outlying == 0 && !unusual) return scales;
  for (const double scale : spread.scale) {
    scales.of_output.push_back(alike ? scales.unit : std::ldexp(1.0F, std::clamp(-bits_of(scale), -120, 120)));
  }
  scales.outlying = static_cast<std::size_t>(outlying);
  for (const std::vector<double>& of_rows : far) {
    std::vector<float>& row_scales = scales.of_row.emplace_back(kTileRows, 1.0F);
    for (std::size_t row = 0; row < kTileRows && outlying > 0; ++row) {
      if (of_rows[row] > kOutlying) row_scales[row] = std::ldexp(1.0F, -std::min(bits_of(of_rows[row] / kLeft), 120));
    }
  }
  return scales;
}

}  // namespace kintsugi
