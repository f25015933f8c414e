#include "objective/row_equations.hpp"

#include <Eigen/Core>
#include <algorithm>

#include "core/stop.hpp"
#include "mpi/exact_sums.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

constexpr int kRows = static_cast<int>(kTileRows);
using RowValues = Eigen::Matrix<float, kRows, 1>;
using Slopes = Eigen::Map<const Eigen::Matrix<float, kRows, Eigen::Dynamic>>;

Slopes matrix(const kernels::TileBuffer& slopes, std::size_t unknowns) {
  return {slopes.data(), kRows, static_cast<Eigen::Index>(unknowns)};
}

std::vector<double> values_of(const mpi::ExactSums& sums) {
  std::vector<double> values(sums.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = sums.value(i);
  return values;
}

// Adds A^T rows to the sums.
void add_products(const Slopes& slopes, const RowValues& rows, Eigen::VectorXf& scratch, mpi::ExactSums& sums) {
  scratch.noalias() = slopes.transpose() * rows;
  for (Eigen::Index i = 0; i < scratch.size(); ++i) sums.add(static_cast<std::size_t>(i), scratch[i]);
}

}  // namespace

void RowEquations::resize(std::size_t unknowns, std::size_t count) {
  unknowns_ = unknowns;
  tiles_.resize(count);
}

double RowEquations::squared_slopes(const Tile& tile) const { return matrix(tile.slopes, unknowns_).squaredNorm(); }

std::vector<double> RowEquations::gradient() const {
  mpi::ExactSums sums(unknowns_);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    RowValues rows;
    Eigen::VectorXf sum(static_cast<Eigen::Index>(unknowns_));
    for (const Tile& tile : tiles_) {
      if (stop_heard()) break;
      rows = Eigen::Map<const RowValues>(tile.errors.data());
      add_products(matrix(tile.slopes, unknowns_), rows, sum, sums);
    }
  }
  evaluator_->reduce(sums);
  return values_of(sums);
}

std::vector<double> RowEquations::normal_product(std::span<const double> x) const {
  mpi::ExactSums sums(unknowns_);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    Eigen::VectorXf direction(static_cast<Eigen::Index>(x.size()));
    std::ranges::transform(x, direction.data(), [](double value) { return static_cast<float>(value); });
    RowValues rows;
    Eigen::VectorXf sum(static_cast<Eigen::Index>(unknowns_));
    for (const Tile& tile : tiles_) {
      if (stop_heard()) break;
      rows.noalias() = matrix(tile.slopes, unknowns_) * direction;
      add_products(matrix(tile.slopes, unknowns_), rows, sum, sums);
    }
  }
  evaluator_->reduce(sums);
  return values_of(sums);
}

void RowEquations::clear() { std::vector<Tile>().swap(tiles_); }

}  // namespace kintsugi
