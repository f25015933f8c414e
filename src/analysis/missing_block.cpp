#include "analysis/missing_block.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/stop.hpp"

namespace kintsugi {

namespace {

using Matrix = Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Of the mean variance; keeps what float32 rounds from being fitted.
constexpr double kNoise = 1e-3;

Eigen::Map<const RowMajor> weight_of(const PieceF64& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

Matrix apply(const PieceF64& piece, const Matrix& states) {
  Matrix result = weight_of(piece) * states;
  if (!piece.bias.empty()) {
    result.colwise() += Eigen::Map<const Eigen::VectorXd>(piece.bias.data(), static_cast<Eigen::Index>(piece.out));
  }
  return result;
}

/// What a pass through the network leaves at each place, a column for each row of data.
struct Passes {
  std::vector<Matrix> states;                  // [L + 1] of [d x N]
  std::vector<std::vector<Matrix>> gradients;  // [k][L + 1] of [d x N]
  Matrix errors;                               // [k x N]: data - prediction
};

Passes pass(const NetworkF64& network, const Assembly& assembly, const Matrix& inputs, const Matrix& predictions) {
  const auto piece = [&](int position) -> const PieceF64& {
    return network.pieces[static_cast<std::size_t>(position)];
  };
  Passes passes;
  std::vector<Matrix> slopes;
  passes.states.push_back(inputs);
  for (const Block& block : assembly.blocks) {
    const Matrix z = apply(piece(block.expand), passes.states.back());
    slopes.emplace_back(z.unaryExpr([&](double x) { return activate_derivative(network.activation, x); }));
    const Matrix hidden = z.unaryExpr([&](double x) { return activate(network.activation, x); });
    Matrix next = passes.states.back() + apply(piece(block.compress), hidden);
    passes.states.push_back(std::move(next));
  }
  const PieceF64& head = piece(assembly.head);
  passes.errors = predictions - apply(head, passes.states.back());
  for (Eigen::Index q = 0; q < passes.errors.rows(); ++q) {
    std::vector<Matrix>& all = passes.gradients.emplace_back(passes.states.size());
    all.back() = weight_of(head).row(q).transpose().replicate(1, inputs.cols());
    for (std::size_t b = assembly.blocks.size(); b-- > 0;) {
      const Block& block = assembly.blocks[b];
      const Matrix back = slopes[b].cwiseProduct(weight_of(piece(block.compress)).transpose() * all[b + 1]);
      all[b] = all[b + 1] + weight_of(piece(block.expand)).transpose() * back;
    }
  }
  return passes;
}

/// The arc-cosine kernel of degree 1 of all pairs of states, a 1 among their features for the biases.
Matrix state_kernel(const Matrix& states) {
  Matrix products = states.transpose() * states;
  products.array() += static_cast<double>(states.rows()) / 4;
  const Eigen::VectorXd length = products.diagonal().cwiseSqrt();
  for (Eigen::Index i = 0; i < products.rows(); ++i) {
    for (Eigen::Index j = 0; j < products.cols(); ++j) {
      const double size = length[i] * length[j];
      const double cosine = std::clamp(products(i, j) / size, -1.0, 1.0);
      const double angle = std::acos(cosine);
      products(i, j) = size * (std::sin(angle) + (std::numbers::pi - angle) * cosine) / std::numbers::pi;
    }
  }
  return products;
}

double explained_at(const Passes& passes, std::size_t place) {
  const Eigen::Index outputs = passes.errors.rows();
  const Eigen::Index rows = passes.errors.cols();
  const Matrix of_states = state_kernel(passes.states[place]);
  Matrix covariance(outputs * rows, outputs * rows);
  Eigen::VectorXd errors(outputs * rows);
  for (Eigen::Index q = 0; q < outputs; ++q) {
    errors.segment(q * rows, rows) = passes.errors.row(q).transpose();
    for (Eigen::Index p = 0; p < outputs; ++p) {
      const Matrix of_gradients = passes.gradients[static_cast<std::size_t>(q)][place].transpose() *
                                  passes.gradients[static_cast<std::size_t>(p)][place];
      covariance.block(q * rows, p * rows, rows, rows) = of_gradients.cwiseProduct(of_states);
    }
  }
  covariance.diagonal().array() += kNoise * covariance.diagonal().mean();
  const Matrix inverse = covariance.ldlt().solve(Matrix::Identity(covariance.rows(), covariance.cols()));
  const Eigen::VectorXd left = (inverse * errors).cwiseQuotient(inverse.diagonal());
  return 1 - left.squaredNorm() / errors.squaredNorm();
}

}  // namespace

std::vector<double> explained_by_missing_block(const NetworkF64& network, const Assembly& assembly,
                                               std::span<const double> inputs, std::span<const double> predictions,
                                               std::size_t rows) {
  const auto columns = [&](std::span<const double> values) {
    const std::size_t count = values.size() / rows;
    return Matrix(
        Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(rows)));
  };
  const Passes passes = pass(network, assembly, columns(inputs), columns(predictions));
  std::vector<double> shares;
  shares.reserve(passes.states.size());
  for (std::size_t place = 0; place < passes.states.size(); ++place) {
    throw_if_stopped();
    shares.push_back(explained_at(passes, place));
  }
  return shares;
}

}  // namespace kintsugi
