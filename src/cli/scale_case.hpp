#pragma once

#include <vector>

#include "cli/scale_model.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::cli {

/// What one shape took on this machine.
struct ScaleCase {
  ScaleShape shape;
  MachineRates rates;           ///< measured with this shape's kernels on all its ranks at once
  std::vector<double> seconds;  ///< of each phase of model_phases(): processor time of the slowest rank, at best
  // One entry a rank, in bytes; 0 where the system does not tell:
  std::vector<double> before;  ///< resident memory at the start
  std::vector<double> peak;    ///< largest resident memory, shared memory included
};

/// Makes a network of this shape, whose weights pair clearly, and goes through the parts of a solve, each again and
/// again for `seconds`. Collective over `comm`, whose size is the shape's number of ranks.
[[nodiscard]] ScaleCase measure_scale_case(const mpi::Comm& comm, const ScaleShape& shape, Activation activation,
                                           double seconds);

/// Rates for a shape that is too large to be measured, from a few of its blocks. Collective.
[[nodiscard]] MachineRates measure_rates(const mpi::Comm& comm, const ScaleShape& shape, Activation activation,
                                         double seconds);

}  // namespace kintsugi::cli
