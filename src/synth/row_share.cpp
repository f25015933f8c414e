#include "synth/row_share.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace kintsugi {

Share row_share_of(const mpi::Comm& comm, std::size_t total, std::size_t group) {
  const std::size_t groups = (total + group - 1) / group;
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto rank = static_cast<std::size_t>(comm.rank());
  const std::size_t first = std::min(total, groups * rank / ranks * group);
  const std::size_t end = std::min(total, groups * (rank + 1) / ranks * group);
  return {first, end - first};
}

Eigen::MatrixXd gather_columns(const mpi::Comm& comm, const Eigen::MatrixXd& mine, Share share, std::size_t columns) {
  // Each number's bits are an integer, and all ranks but its owner add zero to it.
  const auto k = static_cast<std::size_t>(mine.rows());
  std::vector<std::int64_t> bits(k * columns, 0);
  std::transform(mine.data(), mine.data() + mine.size(), bits.begin() + static_cast<std::ptrdiff_t>(k * share.first),
                 [](double value) { return std::bit_cast<std::int64_t>(value); });
  comm.sum(bits);
  Eigen::MatrixXd all(mine.rows(), static_cast<Eigen::Index>(columns));
  std::transform(bits.begin(), bits.end(), all.data(), [](std::int64_t value) { return std::bit_cast<double>(value); });
  return all;
}

}  // namespace kintsugi
