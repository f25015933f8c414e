// Runs a test program's tests with MPI started: alone, or as one of several ranks under mpirun.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "kintsugi/mpi/comm.hpp"

namespace {

/// Ranks other than 0 report failures only.
void quieten_other_ranks() {
  if (kintsugi::mpi::Comm::world().root()) return;
  GTEST_FLAG_SET(brief, true);
}

/// Ends all ranks where one leaves its test early: the others would wait for it in their next collective call.
class AbortOnFatalFailure : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    if (test.result()->HasFatalFailure()) kintsugi::mpi::abort(EXIT_FAILURE);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const kintsugi::mpi::Environment environment(argc, argv);
  quieten_other_ranks();  // before the printer is chosen
  testing::InitGoogleTest(&argc, argv);
  if (kintsugi::mpi::Comm::world().size() > 1) {
    auto abort_on_failure = std::make_unique<AbortOnFatalFailure>();
    testing::UnitTest::GetInstance()->listeners().Append(abort_on_failure.release());
  }
  return RUN_ALL_TESTS();
}
