#include "cli/reference.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>
#include <map>

#include "cli/precision_reference.hpp"
#include "cli/row_scales.hpp"
#include "core/block_math.hpp"
#include "core/fold.hpp"
#include "core/number_format.hpp"
#include "core/rounding_tally.hpp"
#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "objective/plain_forward.hpp"
#include "objective/row_tiles.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kSlabRows = 256;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixMap = Eigen::Map<const Matrix>;
using RowVectorMap = Eigen::Map<const Eigen::RowVectorXd>;

MatrixMap weight_of(const PieceF64& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

/// weight x + bias of rows of inputs.
Matrix products(const std::vector<double>& weight, const std::vector<double>& bias, const PieceF64& shape,
                const Matrix& rows) {
  const MatrixMap map(weight.data(), static_cast<Eigen::Index>(shape.out), static_cast<Eigen::Index>(shape.in));
  Matrix result;
  result.noalias() = rows * map.transpose();
  if (!bias.empty()) result.rowwise() += RowVectorMap(bias.data(), static_cast<Eigen::Index>(bias.size()));
  return result;
}

BlockForm form_of(const NetworkF64& network, const PieceF64& expand) {
  BlockForm form = network.form;
  form.gated = !expand.gate_weight.empty();
  if (!expand.normed) form.norm = Norm::none;
  return form;
}

/// What the head is given for the inputs of `rows`.
Matrix states_of(const NetworkF64& network, const Assembly& assembly, const RowsF64& rows) {
  Matrix states = MatrixMap(rows.inputs.data(), static_cast<Eigen::Index>(rows.shape.rows),
                            static_cast<Eigen::Index>(rows.shape.width));
  for (const Block& block : assembly.blocks) {
    throw_if_stopped();
    const PieceF64& expand = network.pieces[static_cast<std::size_t>(block.expand)];
    const PieceF64& compress = network.pieces[static_cast<std::size_t>(block.compress)];
    const auto layer = [](const std::vector<double>& weight, const std::vector<double>& bias, const PieceF64& shape) {
      return [&](const Matrix& given) { return products(weight, bias, shape, given); };
    };
    add_residual<RowsAre::rows>(
        form_of(network, expand), network.activation, states, layer(expand.weight, expand.bias, expand),
        layer(expand.gate_weight, expand.gate_bias, expand), layer(compress.weight, compress.bias, compress));
  }
  normalise_all<RowsAre::rows>(network.form.before_head(), states);
  return states;
}

Matrix apply_head(const PieceF64& head, const Matrix& states) { return products(head.weight, head.bias, head, states); }

using Forward32 = PlainForward<float>;

/// The piece as a layer; of an expand piece with a gate, the gate's rows first.
Forward32::Layer layer32(const PieceF64& piece) {
  std::vector<double> weight = piece.gate_weight;
  weight.insert(weight.end(), piece.weight.begin(), piece.weight.end());
  std::vector<double> bias = piece.gate_bias;
  bias.resize(weight.size() / piece.in - piece.out);
  bias.insert(bias.end(), piece.bias.begin(), piece.bias.end());
  bias.resize(weight.size() / piece.in);
  return {weight.data(), bias.data(), bias.size(), piece.in};
}

/// Predictions in float32, [rows x outputs], number by number those that `solve` judges few rows by.
Matrix singles_of(const NetworkF64& network, const Assembly& assembly, const RowsF64& rows) {
  constexpr std::size_t kTile = kernels::kTileRows;
  std::vector<Forward32::States> tiles;
  for (std::size_t first = 0; first < rows.shape.rows; first += kTile) {
    tiles.emplace_back(Forward32::States::Zero(static_cast<Eigen::Index>(rows.shape.width), kTile));
    for (std::size_t r = first; r < std::min(first + kTile, rows.shape.rows); ++r) {
      tiles.back().col(static_cast<Eigen::Index>(r - first)) =
          RowVectorMap(rows.inputs.data() + r * rows.shape.width, static_cast<Eigen::Index>(rows.shape.width))
              .transpose()
              .cast<float>();
    }
  }
  for (const Block& block : assembly.blocks) {
    throw_if_stopped();
    const PieceF64& expand = network.pieces[static_cast<std::size_t>(block.expand)];
    const Forward32::Layer in = layer32(expand);
    const Forward32::Layer out = layer32(network.pieces[static_cast<std::size_t>(block.compress)]);
    for (Forward32::States& tile : tiles)
      Forward32::advance(form_of(network, expand), network.activation, in, out, tile);
  }
  const Forward32::Layer head = layer32(network.pieces[static_cast<std::size_t>(assembly.head)]);
  Matrix singles(static_cast<Eigen::Index>(tiles.size() * kTile), head.bias.size());
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    singles.middleRows(static_cast<Eigen::Index>(t * kTile), kTile) =
        head.apply(Forward32::normalised(network.form.before_head(), tiles[t])).transpose().cast<double>();
  }
  return singles;
}

/// Sums over rows, of which the result is made.
struct Sums {
  double squares = 0;
  double scaled_squares = 0;
  Eigen::RowVectorXd
      first;  ///< of the predictions' distances from the first row's, for a variance without cancellation
  Eigen::RowVectorXd second;
  Eigen::RowVectorXd origin;  ///< the first row's predictions

  [[nodiscard]] double variance(std::size_t rows) const {
    const auto count = static_cast<double>(rows);
    return (second / count - (first / count).cwiseAbs2()).mean();
  }
};

/// What the predictions themselves tell.
FoundRounding look_at_predictions(const ProblemFile& rows, const ErrorFloorParameters& parameters, Sums& sums) {
  const RowShape shape = rows.shape();
  const auto outputs = static_cast<Eigen::Index>(shape.outputs);
  sums.first = sums.second = Eigen::RowVectorXd::Zero(outputs);
  RoundingFinder finder(parameters);
  for (std::size_t first = 0; first < shape.rows; first += kSlabRows) {
    const std::size_t count = std::min(kSlabRows, shape.rows - first);
    const RowsF64 slab = rows.read_f64(first, count);
    const MatrixMap predictions(slab.predictions.data(), static_cast<Eigen::Index>(count), outputs);
    for (const double prediction : slab.predictions) finder.add(prediction);
    if (first == 0) sums.origin = predictions.row(0);
    const Matrix centered = predictions.rowwise() - sums.origin;
    sums.first += centered.colwise().sum();
    sums.second += centered.cwiseAbs2().colwise().sum();
  }
  std::vector<double> squares;
  squares.reserve(finder.ways());
  for (std::size_t way = 0; way < finder.ways(); ++way) squares.push_back(finder.take_squares(way));
  return finder.found(squares, shape.rows * shape.outputs, sums.variance(shape.rows));
}

void add_slab(const NetworkF64& network, const Assembly& assembly, const RowsF64& slab, std::size_t first_row,
              const RowScales& scales, RoundingTally& tally, Sums& sums, ReferenceResult& result) {
  const PieceF64& head = network.pieces[static_cast<std::size_t>(assembly.head)];
  const Matrix states = states_of(network, assembly, slab);
  const Matrix outputs = apply_head(head, states);
  const Matrix single = singles_of(network, assembly, slab);
  Matrix magnitudes = states.cwiseAbs2() * weight_of(head).cwiseAbs2().transpose();
  if (!head.bias.empty()) {
    magnitudes.rowwise() += RowVectorMap(head.bias.data(), static_cast<Eigen::Index>(head.bias.size())).cwiseAbs2();
  }
  const MatrixMap predictions(slab.predictions.data(), outputs.rows(), outputs.cols());
  const Matrix errors = (outputs - predictions).cwiseAbs();
  sums.squares += errors.squaredNorm();
  for (Eigen::Index r = 0; r < errors.rows(); ++r) {
    for (Eigen::Index q = 0; q < errors.cols(); ++q) {
      const double scale = scales.of(first_row + static_cast<std::size_t>(r), static_cast<std::size_t>(q));
      tally.add({predictions(r, q), outputs(r, q), single(r, q), magnitudes(r, q), scale});
      sums.scaled_squares += scale * errors(r, q) * scale * errors(r, q);
    }
    const double largest = errors.row(r).allFinite() ? errors.row(r).maxCoeff() : kInfinity;
    if (largest <= result.largest_error) continue;
    result.largest_error = largest;
    result.largest_row = first_row + static_cast<std::size_t>(r);
  }
}

std::string piece_name(const PieceF64& piece) {
  return "piece " + std::to_string(piece.index) + " [" + std::to_string(piece.out) + " x " + std::to_string(piece.in) +
         "]";
}

}  // namespace

ReferenceResult evaluate_reference(const NetworkF64& network, const Assembly& assembly, const ProblemFile& rows) {
  const RowShape shape = rows.shape();
  const ErrorFloorParameters parameters;
  Sums sums;
  const FoundRounding rounding = look_at_predictions(rows, parameters, sums);
  const RowScales scales(rows);
  RoundingTally tally(rounding.way);
  ReferenceResult result;
  result.rows = shape.rows;
  for (std::size_t first = 0; first < shape.rows; first += kSlabRows) {
    const std::size_t count = std::min(kSlabRows, shape.rows - first);
    add_slab(network, assembly, rows.read_f64(first, count), first, scales, tally, sums, result);
  }
  const std::size_t predictions = shape.rows * shape.outputs;
  const RoundingVerdict verdict = tally.verdict(rounding, predictions, parameters);
  result.mse = sums.squares / static_cast<double>(predictions);
  result.rounding = verdict.explained;
  result.excess = verdict.excess;
  result.prediction_variance = sums.variance(shape.rows);
  result.precision = precision_of(network);
  if (!(result.excess <= 1)) {
    result.precise = precision_targets(network, assembly, rows, result.precision, scales);
    result.precise.plain = result.mse;
    result.precise.scaled = sums.scaled_squares / static_cast<double>(predictions);
  }
  return result;
}

std::vector<double> predict_reference(const NetworkF64& network, const Assembly& assembly, const RowsF64& rows) {
  const PieceF64& head = network.pieces[static_cast<std::size_t>(assembly.head)];
  const Matrix outputs = apply_head(head, states_of(network, assembly, rows));
  return {outputs.data(), outputs.data() + outputs.size()};
}

Assembly to_assembly(const NetworkF64& network, std::span<const int> permutation, const std::string& origin) {
  const std::map<int, int> position_of = network.positions();
  if (permutation.size() != network.pieces.size()) {
    throw InputError(origin + ": names " + std::to_string(permutation.size()) + " pieces, the problem has " +
                     std::to_string(network.pieces.size()));
  }
  std::vector<int> positions;
  for (const int index : permutation) {
    const auto found = position_of.find(index);
    if (found == position_of.end()) {
      throw InputError(origin + ": names piece " + std::to_string(index) + ", which the problem does not have");
    }
    positions.push_back(found->second);
  }
  try {
    return from_permutation(positions);
  } catch (const InputError& error) {
    throw InputError(origin + ": " + error.what());
  }
}

void check_assembly(const NetworkF64& network, const Assembly& assembly, const RowShape& rows,
                    const std::string& origin) {
  const auto piece_at = [&](int position) -> const PieceF64& {
    return network.pieces[static_cast<std::size_t>(position)];
  };
  for (std::size_t t = 0; t < assembly.blocks.size(); ++t) {
    const PieceF64& expand = piece_at(assembly.blocks[t].expand);
    const PieceF64& compress = piece_at(assembly.blocks[t].compress);
    if (expand.in == rows.width && compress.out == rows.width && expand.out == compress.in) continue;
    throw InputError(origin + ": " + piece_name(expand) + " and " + piece_name(compress) + ", entries " +
                     std::to_string(2 * t + 1) + " and " + std::to_string(2 * t + 2) +
                     ", cannot be a block: [h x d] and [d x h] with d = " + std::to_string(rows.width) + " are needed");
  }
  const PieceF64& head = piece_at(assembly.head);
  if (head.in != rows.width || head.out != rows.outputs) {
    throw InputError(origin + ": " + piece_name(head) + " comes last, but cannot be the head: [" +
                     std::to_string(rows.outputs) + " x " + std::to_string(rows.width) + "] is needed");
  }
}

void require_own(const std::filesystem::path& file, const NetworkF64& network, const ProblemFile& problem) {
  if (names_problem(file)) require_same_problem(file, problem_fingerprint(network, problem));
}

void require_predictions(const ProblemFile& problem, const std::filesystem::path& path) {
  if (problem.has_predictions()) return;
  throw InputError(path.string() +
                   ": has no predictions (/data/predictions) to go by; 'kintsugi solve --without-predictions' orders "
                   "the blocks by their weights alone, as far as these tell");
}

}  // namespace kintsugi::cli
