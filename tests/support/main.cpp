// Runs a test program's tests with MPI started: alone, or as one of several ranks under mpirun.
#include <gtest/gtest.h>

#include "kintsugi/mpi/comm.hpp"

namespace {

/// Ranks other than 0 report failures only.
void quieten_other_ranks() {
  if (kintsugi::mpi::Comm::world().root()) return;
  GTEST_FLAG_SET(brief, true);
}

}  // namespace

int main(int argc, char** argv) {
  const kintsugi::mpi::Environment environment(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  quieten_other_ranks();
  return RUN_ALL_TESTS();
}
