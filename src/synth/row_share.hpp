#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi {

/// A rank's part of something that is divided evenly and in order: [first, first + count).
struct Share {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// This rank's share of `total` items in whole groups of `group`, the last of which may be partial.
[[nodiscard]] Share row_share_of(const mpi::Comm& comm, std::size_t total, std::size_t group);

/// The columns of all ranks side by side [k x columns], on every rank; `mine` [k x share.count] are this rank's.
/// Collective.
[[nodiscard]] Eigen::MatrixXd gather_columns(const mpi::Comm& comm, const Eigen::MatrixXd& mine, Share share,
                                             std::size_t columns);

}  // namespace kintsugi
