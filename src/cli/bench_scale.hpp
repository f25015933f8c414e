#pragma once

#include "cli/scale_model.hpp"
#include "cli/value.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::cli {

/// What `kintsugi bench --scale` measures and predicts.
struct ScaleRun {
  ScaleShape base;  ///< its `ranks` are not used: measured are 1, 2, 4, ... up to the world's, `predict` brings its own
  Activation activation = Activation::relu;
  bool measured = true;    ///< false: only the prediction
  std::size_t growth = 4;  ///< the largest multiple of the base's blocks, width and rows; 1: the base shape only
  double seconds = 1;      ///< to spend on each part of a solve, and on the rates, of each shape
  ScaleShape predict;      ///< blocks 0: nothing
};

/// "BLOCKSxWIDTHxHIDDENxROWSxRANKS", with an optional "xRANKS_PER_NODE" (default: all on one node).
[[nodiscard]] Value scale_shape(ScaleShape& target);

/// Measures the parts of a solve and each rank's memory on made-up networks: the base shape on 1, 2, 4, ... ranks, then
/// with two, four, ... times the blocks, the width and the rows on all, up to `growth`. Prints them beside the model's
/// figures on rank 0's standard output, and the model's figures for the shape to predict. Collective.
void bench_scale(const mpi::Comm& world, const ScaleRun& run);

}  // namespace kintsugi::cli
