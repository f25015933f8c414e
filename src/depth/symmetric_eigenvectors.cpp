#include "depth/symmetric_eigenvectors.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

#include "core/stop.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// To tridiagonal form by Householder reflections, whose vectors replace the lower triangle below the subdiagonal.
/// Returns their coefficients.
VectorXd tridiagonalise(MatrixXd& matrix) {
  const Index size = matrix.rows();
  VectorXd coefficients(size - 1);
  for (Index i = 0; i + 1 < size; ++i) {
    throw_if_stopped();
    const Index left = size - i - 1;
    double beta = 0;
    double h = 0;
    matrix.col(i).tail(left).makeHouseholderInPlace(h, beta);
    matrix(i + 1, i) = 1;
    auto reflection = matrix.col(i).tail(left);
    auto rest = matrix.bottomRightCorner(left, left);
    auto change = coefficients.tail(left);
    change.noalias() = rest.selfadjointView<Eigen::Lower>() * (h * reflection);
    change += (h * -0.5 * change.dot(reflection)) * reflection;
    rest.selfadjointView<Eigen::Lower>().rankUpdate(reflection, change, -1.0);
    matrix(i + 1, i) = beta;
    coefficients[i] = h;
  }
  return coefficients;
}

void drop_negligible(const VectorXd& diagonal, VectorXd& subdiagonal, Index first, Index last) {
  constexpr double kPrecision = 1 / std::numeric_limits<double>::epsilon();
  for (Index i = first; i < last; ++i) {
    const double scaled = kPrecision * subdiagonal[i];
    const bool negligible = std::abs(subdiagonal[i]) < std::numeric_limits<double>::min() ||
                            scaled * scaled <= std::abs(diagonal[i]) + std::abs(diagonal[i + 1]);
    if (negligible) subdiagonal[i] = 0;
  }
}

/// Implicit QR steps on the tridiagonal matrix until the subdiagonal is gone. False where that takes too many.
bool diagonalise(VectorXd& diagonal, VectorXd& subdiagonal, MatrixXd& vectors) {
  const Index size = diagonal.size();
  constexpr Index kMostSteps = 30;  // for each eigenvalue, as Eigen has it
  Index first = 0;
  Index last = size - 1;
  for (Index step = 0; last > 0;) {
    throw_if_stopped();
    drop_negligible(diagonal, subdiagonal, first, last);
    while (last > 0 && subdiagonal[last - 1] == 0) --last;
    if (last == 0) return true;
    if (++step > kMostSteps * size) return false;
    first = last - 1;
    while (first > 0 && subdiagonal[first - 1] != 0) --first;
    Eigen::internal::tridiagonal_qr_step<Eigen::ColMajor>(diagonal.data(), subdiagonal.data(), first, last,
                                                          vectors.data(), size);
  }
  return true;
}

void sort_by_value(VectorXd& values, MatrixXd& vectors) {
  for (Index i = 0; i + 1 < values.size(); ++i) {
    Index least = 0;
    values.tail(values.size() - i).minCoeff(&least);
    if (least == 0) continue;
    std::swap(values[i], values[i + least]);
    vectors.col(i).swap(vectors.col(i + least));
  }
}

}  // namespace

MatrixXd symmetric_eigenvectors(const MatrixXd& matrix) {
  MatrixXd vectors = matrix.triangularView<Eigen::Lower>();
  if (matrix.rows() < 2) return MatrixXd::Ones(matrix.rows(), matrix.rows());
  const double scale = vectors.cwiseAbs().maxCoeff();
  if (scale != 0) vectors.triangularView<Eigen::Lower>() /= scale;
  const VectorXd coefficients = tridiagonalise(vectors);
  VectorXd values = vectors.diagonal();
  VectorXd subdiagonal = vectors.diagonal<-1>();
  vectors = Eigen::householderSequence(vectors, coefficients).setLength(matrix.rows() - 1).setShift(1);
  if (diagonalise(values, subdiagonal, vectors)) sort_by_value(values, vectors);
  return vectors;
}

}  // namespace kintsugi
