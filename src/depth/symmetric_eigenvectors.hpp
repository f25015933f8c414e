#pragma once

#include <Eigen/Core>

namespace kintsugi {

/// Eigenvectors of a symmetric matrix, of which the lower triangle is read, as columns by ascending eigenvalue: those
/// of Eigen::SelfAdjointEigenSolver to the last bit, in no order where QR steps do not converge, but found in pieces
/// between which a stop is heard. Throws Stopped. Not collective.
[[nodiscard]] Eigen::MatrixXd symmetric_eigenvectors(const Eigen::MatrixXd& matrix);

}  // namespace kintsugi
