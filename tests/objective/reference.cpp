#include "objective/reference.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.hpp"
#include "core/roles.hpp"

namespace kintsugi::testing {

Reference::Reference(const PlantedProblem& problem)
    : network_(problem.network), rows_(problem.rows), head_(problem.truth.head) {}

std::vector<std::size_t> Reference::sample(std::size_t tiles) const {
  const std::size_t all = (rows_->shape.rows + kernels::kTileRows - 1) / kernels::kTileRows;
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < rows_->shape.rows; ++row) {
    if (row % all < tiles) rows.push_back(row);
  }
  return rows;
}

std::vector<double> Reference::input(std::size_t row) const {
  const auto begin = rows_->inputs.begin() + static_cast<std::ptrdiff_t>(row * rows_->shape.width);
  return {begin, begin + static_cast<std::ptrdiff_t>(rows_->shape.width)};
}

std::vector<double> Reference::layer(const Piece& piece, std::span<const double> x) const {
  std::vector<double> y(piece.out, 0.0);
  for (std::size_t i = 0; i < piece.out; ++i) {
    if (!piece.bias.empty()) y[i] = piece.bias[i];
    for (std::size_t j = 0; j < piece.in; ++j) y[i] += static_cast<double>(piece.weight[i * piece.in + j]) * x[j];
  }
  return y;
}

std::vector<double> Reference::residual(const Block& block, std::span<const double> x) const {
  std::vector<double> hidden = layer(network_.pieces[static_cast<std::size_t>(block.expand)], x);
  for (double& z : hidden) z = activate(network_.activation, z);
  return layer(network_.pieces[static_cast<std::size_t>(block.compress)], hidden);
}

std::vector<double> Reference::errors_at(std::span<const double> state, std::size_t row) const {
  std::vector<double> in(state.begin(), state.end());
  if (const BlockForm form = network_.form.before_head(); form.norm != Norm::none) {
    const auto size = static_cast<double>(in.size());
    const double mean = form.norm == Norm::layer ? std::accumulate(in.begin(), in.end(), 0.0) / size : 0;
    for (double& value : in) value -= mean;
    const double scale = std::sqrt(std::inner_product(in.begin(), in.end(), in.begin(), 0.0) / size + form.eps);
    for (double& value : in) value /= scale;
  }
  std::vector<double> errors = layer(network_.pieces[static_cast<std::size_t>(head_)], in);
  for (std::size_t q = 0; q < errors.size(); ++q) errors[q] -= rows_->predictions[row * errors.size() + q];
  return errors;
}

std::vector<double> Reference::row_errors(const Blocks& blocks, std::size_t row) const {
  std::vector<double> x = input(row);
  for (const Block& block : blocks) {
    const std::vector<double> r = residual(block, x);
    for (std::size_t f = 0; f < x.size(); ++f) x[f] += r[f];
  }
  return errors_at(x, row);
}

double Reference::mse(const Blocks& blocks, std::size_t tiles) const {
  double sum = 0;
  std::size_t count = 0;
  for (const std::size_t row : sample(tiles)) {
    for (const double error : row_errors(blocks, row)) {
      sum += error * error;
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

double Reference::largest_error(const Blocks& blocks) const {
  double largest = 0;
  for (std::size_t row = 0; row < rows_->shape.rows; ++row) {
    for (const double error : row_errors(blocks, row)) largest = std::max(largest, std::fabs(error));
  }
  return largest;
}

PlantedProblem outputs_problem(std::size_t tiles) {
  PlantedOptions options;
  options.blocks = 9;
  options.width = 8;
  options.hidden = {12, 7};
  options.outputs = 2;
  options.pair_signal = 0.5;
  options.rows = 32 * tiles - 5;
  return make_planted(options);
}

PlantedProblem freezing_problem() {
  PlantedOptions options;
  options.blocks = 40;
  options.width = 16;
  options.hidden = {32};
  options.rows = 32 * 48;
  options.residual = 0.1;
  return make_planted(options);
}

PlantedProblem with_residuals(PlantedProblem problem, float factor) {
  for (const Block& block : problem.truth.blocks) {
    Piece& compress = problem.network.pieces[static_cast<std::size_t>(block.compress)];
    for (float& weight : compress.weight) weight *= factor;
    for (float& bias : compress.bias) bias *= factor;
  }
  return problem;
}

Roles roles_of(const PlantedProblem& problem) { return roles_of(problem.truth, problem.rows->shape); }

Workbench::Workbench(const mpi::Comm& comm, const PlantedProblem& problem, Grid grid)
    : weights_(comm, comm.root() ? problem.network : Network{}, comm.root() ? roles_of(problem) : Roles{}),
      rows_(problem.rows),
      evaluator_(comm, weights_, rows_, grid) {}

std::vector<Grid> all_grids(int ranks) {
  std::vector<Grid> grids;
  for (int groups = 1; groups <= ranks; ++groups) {
    if (ranks % groups == 0) grids.push_back({groups, ranks / groups});
  }
  return grids;
}

std::set<int> expand_pieces(const Blocks& blocks) {
  std::set<int> pieces;
  for (const Block& block : blocks) pieces.insert(block.expand);
  return pieces;
}

Blocks shuffled_blocks(const PlantedProblem& problem, std::uint64_t seed) {
  Blocks blocks = problem.truth.blocks;
  Random(seed).shuffle(std::span(blocks));
  return blocks;
}

}  // namespace kintsugi::testing
