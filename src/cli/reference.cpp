#include "cli/reference.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>
#include <map>

#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kSlabRows = 256;
constexpr double kRoundingUnits = 16;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixMap = Eigen::Map<const Matrix>;
using RowVectorMap = Eigen::Map<const Eigen::RowVectorXd>;

MatrixMap weight_of(const PieceF64& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

void add_bias(const PieceF64& piece, Matrix& rows) {
  if (piece.bias.empty()) return;
  rows.rowwise() += RowVectorMap(piece.bias.data(), static_cast<Eigen::Index>(piece.bias.size()));
}

void activate_all(Activation activation, Matrix& values) {
  if (activation == Activation::relu) {
    values = values.cwiseMax(0.0);
  } else {
    values = values.unaryExpr([activation](double z) { return activate(activation, z); });
  }
}

/// The states before the head, in place of the inputs.
void run_blocks(const NetworkF64& network, const Assembly& assembly, Matrix& states) {
  Matrix hidden;
  for (const Block& block : assembly.blocks) {
    const PieceF64& expand = network.pieces[static_cast<std::size_t>(block.expand)];
    const PieceF64& compress = network.pieces[static_cast<std::size_t>(block.compress)];
    hidden.noalias() = states * weight_of(expand).transpose();
    add_bias(expand, hidden);
    activate_all(network.activation, hidden);
    states.noalias() += hidden * weight_of(compress).transpose();
    add_bias(compress, states);
  }
}

/// The states before the head for the inputs of `rows`.
Matrix states_of(const NetworkF64& network, const Assembly& assembly, const RowsF64& rows) {
  Matrix states = MatrixMap(rows.inputs.data(), static_cast<Eigen::Index>(rows.shape.rows),
                            static_cast<Eigen::Index>(rows.shape.width));
  run_blocks(network, assembly, states);
  return states;
}

Matrix apply_head(const PieceF64& head, const Matrix& states) {
  Matrix outputs = states * weight_of(head).transpose();
  add_bias(head, outputs);
  return outputs;
}

/// Sums over rows, of which the result is made.
struct Sums {
  double squares = 0;
  double magnitudes = 0;
  Eigen::RowVectorXd
      first;  ///< of the predictions' distances from the first row's, for a variance without cancellation
  Eigen::RowVectorXd second;
};

void add_slab(const PieceF64& head, const Matrix& states, const MatrixMap& predictions,
              const Eigen::RowVectorXd& origin, std::size_t first_row, Sums& sums, ReferenceResult& result) {
  const Matrix outputs = apply_head(head, states);
  Matrix magnitudes = states.cwiseAbs() * weight_of(head).cwiseAbs().transpose();
  if (!head.bias.empty()) {
    magnitudes.rowwise() += RowVectorMap(head.bias.data(), static_cast<Eigen::Index>(head.bias.size())).cwiseAbs();
  }
  const Matrix errors = (outputs - predictions).cwiseAbs();
  sums.squares += errors.squaredNorm();
  sums.magnitudes += magnitudes.squaredNorm();
  const Matrix centered = predictions.rowwise() - origin;
  sums.first += centered.colwise().sum();
  sums.second += centered.cwiseAbs2().colwise().sum();
  for (Eigen::Index r = 0; r < errors.rows(); ++r) {
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
  const PieceF64& head = network.pieces[static_cast<std::size_t>(assembly.head)];
  const auto outputs = static_cast<Eigen::Index>(shape.outputs);
  Sums sums;
  sums.first = sums.second = Eigen::RowVectorXd::Zero(outputs);
  Eigen::RowVectorXd origin;
  ReferenceResult result;
  result.rows = shape.rows;
  for (std::size_t first = 0; first < shape.rows; first += kSlabRows) {
    const std::size_t count = std::min(kSlabRows, shape.rows - first);
    const RowsF64 slab = rows.read_f64(first, count);
    const Matrix states = states_of(network, assembly, slab);
    const MatrixMap predictions(slab.predictions.data(), static_cast<Eigen::Index>(count), outputs);
    if (first == 0) origin = predictions.row(0);
    add_slab(head, states, predictions, origin, first, sums, result);
  }
  const auto count = static_cast<double>(shape.rows);
  const double values = count * static_cast<double>(shape.outputs);
  const double unit = kRoundingUnits * 0x1.0p-24;
  result.mse = sums.squares / values;
  result.rounding = unit * unit * sums.magnitudes / values;
  result.prediction_variance = (sums.second / count - (sums.first / count).cwiseAbs2()).mean();
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
