#include "cli/diagnostics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "cli/text.hpp"
#include "core/fold.hpp"
#include "core/number_format.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kSlabRows = 1024;

std::size_t hash_of(std::span<const double> values) {
  std::vector<double> plain(values.begin(), values.end());
  for (double& value : plain) value += 0.0;  // -0 and 0 are equal, so they must hash alike
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(plain.data()), plain.size() * sizeof(double)});
}

bool all_zero(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return value == 0; });
}

/// Mean and standard deviation of each column, one row at a time (Welford, Technometrics 4, 1962).
class Moments {
 public:
  explicit Moments(std::size_t columns)
      : mean_(columns, 0), squares_(columns, 0), lowest_(columns, kInfinity), highest_(columns, -kInfinity) {}
  void add(std::span<const double> row) {
    ++count_;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double distance = row[c] - mean_[c];
      mean_[c] += distance / static_cast<double>(count_);
      squares_[c] += distance * (row[c] - mean_[c]);
      lowest_[c] = std::min(lowest_[c], row[c]);
      highest_[c] = std::max(highest_[c], row[c]);
    }
  }
  [[nodiscard]] const std::vector<double>& mean() const { return mean_; }
  [[nodiscard]] std::vector<double> deviation() const {
    std::vector<double> deviation;
    for (const double squares : squares_) deviation.push_back(std::sqrt(squares / static_cast<double>(count_)));
    return deviation;
  }
  /// The largest distance of a value from its column's mean, in the column's standard deviations.
  [[nodiscard]] double farthest() const {
    double result = 0;
    const std::vector<double> deviations = deviation();
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      if (deviations[c] > 0)
        result = std::max(result, std::max(highest_[c] - mean_[c], mean_[c] - lowest_[c]) / deviations[c]);
    }
    return result;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  std::size_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> squares_;
  std::vector<double> lowest_;
  std::vector<double> highest_;
};

/// The hidden units of a piece that have only zero weights on its side: rows of an expand piece, columns of a compress
/// piece. Without roles every zero row and column counts.
std::size_t zero_lines(const PieceF64& piece) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < piece.out; ++r) {
    if (all_zero(std::span(piece.weight).subspan(r * piece.in, piece.in))) ++count;
  }
  for (std::size_t c = 0; c < piece.in; ++c) {
    bool zero = true;
    for (std::size_t r = 0; r < piece.out && zero; ++r) zero = piece.weight[r * piece.in + c] == 0;
    if (zero) ++count;
  }
  return count;
}

/// "2 decimals"
std::string describe(const Rounding& way) {
  const bool bits = way.unit == Rounding::Unit::bits;
  const std::string unit = way.unit == Rounding::Unit::decimals ? "decimal"
                           : bits                               ? "significant bit"
                                                                : "significant digit";
  return count_of(static_cast<std::size_t>(way.count), unit);
}

/// What makes predictions hard to compare.
std::vector<std::string> diagnose_sizes(const RowFacts& facts) {
  constexpr double kFarFromZero = 100;  // standard deviations
  constexpr double kUnlike = 100;
  constexpr double kOutlying = 30;  // standard deviations
  std::vector<std::string> sentences;
  if (facts.rounding.mean_square > 0)
    sentences.push_back("the predictions are given to " + describe(facts.rounding.way));
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  std::vector<std::string> far;
  for (std::size_t o = 0; o < facts.prediction_mean.size(); ++o) {
    const double deviation = facts.prediction_deviation[o];
    if (deviation == 0) continue;
    least = std::min(least, deviation);
    most = std::max(most, deviation);
    if (std::fabs(facts.prediction_mean[o]) > kFarFromZero * deviation) far.push_back(std::to_string(o));
  }
  if (!far.empty())
    sentences.push_back("predictions whose mean is beyond " + format("%g", kFarFromZero) +
                        " times their spread, so that float32 has few digits of what differs: output " + some_of(far));
  if (most > kUnlike * least)
    sentences.push_back(format("outputs of unlike scale: their spreads are %.2g to %.2g", least, most));
  if (facts.farthest > kOutlying)
    sentences.push_back(format("an outlying row: %.0f standard deviations from its column's mean", facts.farthest));
  return sentences;
}

}  // namespace

RowFacts look_at_rows(const ProblemFile& problem) {
  const RowShape shape = problem.shape();
  Moments inputs(shape.width);
  Moments predictions(shape.outputs);
  RoundingFinder finder{ErrorFloorParameters{}};
  RowFacts facts;
  std::unordered_map<std::size_t, std::size_t> prediction_of;  // hash of a row's inputs -> hash of its predictions
  for (std::size_t first = 0; first < shape.rows; first += kSlabRows) {
    const std::size_t count = std::min(kSlabRows, shape.rows - first);
    const RowsF64 slab = problem.read_f64(first, count);
    for (const double prediction : slab.predictions) finder.add(prediction);
    for (std::size_t r = 0; r < count; ++r) {
      const auto input = std::span(slab.inputs).subspan(r * shape.width, shape.width);
      const auto prediction = std::span(slab.predictions).subspan(r * shape.outputs, shape.outputs);
      inputs.add(input);
      predictions.add(prediction);
      if (all_zero(input)) ++facts.zero_rows;
      const std::size_t predicted = hash_of(prediction);
      const auto [earlier, is_new] = prediction_of.try_emplace(hash_of(input), predicted);
      if (!is_new) ++facts.repeated_rows;
      if (earlier->second != predicted) ++facts.contradictions;
      if (!slab.targets.empty() &&
          std::ranges::equal(prediction, std::span(slab.targets).subspan(r * shape.outputs, shape.outputs))) {
        ++facts.equal_targets;
      }
    }
  }
  facts.input_mean = inputs.mean();
  facts.input_deviation = inputs.deviation();
  facts.prediction_mean = predictions.mean();
  facts.prediction_deviation = predictions.deviation();
  facts.farthest = std::max(inputs.farthest(), predictions.farthest());
  std::vector<double> squares;
  for (std::size_t way = 0; way < finder.ways(); ++way) squares.push_back(finder.take_squares(way));
  facts.rounding = finder.found(squares, shape.rows * shape.outputs, variance_of(facts));
  return facts;
}

double variance_of(const RowFacts& facts) {
  double sum = 0;
  for (const double deviation : facts.prediction_deviation) sum += deviation * deviation;
  return facts.prediction_deviation.empty() ? 0 : sum / static_cast<double>(facts.prediction_deviation.size());
}

std::vector<std::string> diagnose_pieces(const NetworkF64& network) {
  std::map<std::size_t, std::vector<const PieceF64*>> by_hash;
  std::vector<std::string> sentences;
  std::vector<std::string> equal;
  std::vector<std::string> idle;
  std::size_t biased = 0;
  for (const PieceF64& piece : network.pieces) {
    auto& alike = by_hash[hash_of(piece.weight)];
    for (const PieceF64* const other : alike) {
      if (std::tie(piece.out, piece.in, piece.weight, piece.bias) ==
          std::tie(other->out, other->in, other->weight, other->bias)) {
        equal.push_back(std::to_string(other->index) + " = " + std::to_string(piece.index));
        break;
      }
    }
    alike.push_back(&piece);
    if (const std::size_t zero = zero_lines(piece); zero != 0) {
      idle.push_back(std::to_string(piece.index) + " (" + std::to_string(zero) + ")");
    }
    if (!piece.bias.empty()) ++biased;
  }
  if (const WeightPrecision precision = precision_of(network); precision != WeightPrecision::float32)
    sentences.push_back(std::string("all weights are numbers of ") + to_string(precision) +
                        ": predictions of weights before that rounding are reproduced up to it at best");
  if (!equal.empty()) sentences.push_back("equal pieces, which no data can tell apart: " + some_of(equal));
  if (!idle.empty()) sentences.push_back("pieces with rows or columns of zeros only: " + some_of(idle));
  if (biased != 0 && biased != network.pieces.size()) {
    sentences.push_back("only " + std::to_string(biased) + " of " + count_of(network.pieces.size(), "piece") +
                        " have a bias");
  }
  return sentences;
}

std::vector<std::string> diagnose_rows(const RowFacts& facts, const RowShape& shape) {
  std::vector<std::string> sentences;
  std::vector<std::string> constant;
  for (std::size_t c = 0; c < shape.width; ++c) {
    if (facts.input_deviation[c] == 0) constant.push_back(std::to_string(c));
  }
  if (!constant.empty()) sentences.push_back("constant input columns: " + some_of(constant));
  std::vector<std::string> flat;
  for (std::size_t o = 0; o < shape.outputs; ++o) {
    if (facts.prediction_deviation[o] == 0) flat.push_back(std::to_string(o));
  }
  if (!flat.empty())
    sentences.push_back("constant predictions, which tell nothing about the order: output " + some_of(flat));
  std::ranges::move(diagnose_sizes(facts), std::back_inserter(sentences));
  if (facts.zero_rows != 0) sentences.push_back(count_of(facts.zero_rows, "row") + " with zero inputs only");
  if (facts.repeated_rows != 0) {
    sentences.push_back(count_of(facts.repeated_rows, "row") + " with the inputs of an earlier row");
  }
  if (facts.contradictions != 0) {
    sentences.push_back(count_of(facts.contradictions, "row") +
                        " with the inputs of an earlier row and other predictions: no network gives both");
  }
  if (facts.equal_targets == shape.rows) {
    sentences.emplace_back("the predictions equal the targets in every row: are they the network's own?");
  }
  return sentences;
}

std::optional<FewRows> find_few_rows(const RowShape& shape, std::size_t blocks) {
  const std::size_t pairs = blocks < 2 ? 0 : blocks * (blocks - 1) / 2;
  const std::size_t predictions = shape.rows * shape.outputs;
  if (predictions >= pairs) return std::nullopt;
  return FewRows{
      format("%zu predictions are few for the order of %zu blocks, which has %zu pairs: other orders may fit "
             "as well",
             predictions, blocks, pairs),
      format("more rows: %zu or so decide the order", (pairs + shape.outputs - 1) / shape.outputs)};
}

}  // namespace kintsugi::cli
