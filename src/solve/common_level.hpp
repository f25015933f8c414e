#pragma once

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi {

/// Takes the highest level of kernels (kernels/level.hpp) that all ranks run, so that what each computes for itself is
/// equal on a cluster of several kinds of processors. Collective.
void use_common_level(const mpi::Comm& world);

}  // namespace kintsugi
