#pragma once

#include <Eigen/Core>
#include <cstddef>

namespace kintsugi {

/// Values of blocks smoothed along the depth: of each block, the sum over all others of their values times a normal
/// density of the distance in positions.
///
/// Of 192 blocks and more, where the bandwidth is wide, by way of a coarse grid of positions: a normal density of the
/// distance is one of half the variance to a grid point and another from there, summed up over the grid, to 4e-6 of
/// it. That takes some 60 operations a value whatever the bandwidth, and not 4 times the blocks within its reach; the
/// block itself is then among the blocks.
class DepthSmoothing {
 public:
  using Values = Eigen::Map<const Eigen::MatrixXf>;  ///< [blocks][size]: a column for each block

  DepthSmoothing(std::size_t blocks, double bandwidth);

  /// Blocks that are smoothed together, by smooth().
  [[nodiscard]] Eigen::Index batch() const noexcept { return batch_; }

  /// Takes `values` to the grid, where there is one: [points][size].
  void gather(const Values& values, Eigen::MatrixXf& on_grid) const;

  /// The smoothed values of the blocks from `begin` on, as many as `smoothed` has columns.
  void smooth(const Values& values, const Eigen::MatrixXf& on_grid, Eigen::Index begin,
              Eigen::Ref<Eigen::MatrixXf> smoothed) const;

 private:
  struct Span {
    Eigen::Index first;
    Eigen::Index count;
  };
  [[nodiscard]] Span points_near(Eigen::Index begin, Eigen::Index blocks) const;
  void weigh_points(double bandwidth);

  Eigen::Index blocks_;
  Eigen::Index reach_ = 0;  // how far apart blocks are neighbours
  Eigen::Index batch_ = 0;
  double spacing_ = 0;       // of the grid, in positions; 0: there is none
  Eigen::MatrixXf weights_;  // [blocks][blocks] or, with a grid, [points][blocks]
};

}  // namespace kintsugi
