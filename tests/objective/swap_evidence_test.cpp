#include "objective/swap_evidence.hpp"

#include <gtest/gtest.h>

#include "objective/reference.hpp"
#include "objective/swap_changes.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Workbench;

std::vector<double> evidence_of(const mpi::Comm& comm, const PlantedProblem& problem, const Blocks& order,
                                std::size_t pairs, std::vector<SwapChange>* changes = nullptr) {
  Workbench bench(comm, problem, {1, comm.size()});
  LinearModel model(bench.evaluator());
  EXPECT_TRUE(model.linearise(order, bench.evaluator().rows().tiles(), 1));
  if (changes != nullptr) *changes = swap_changes(model);
  return swap_evidence(model, pairs).squares;
}

TEST(SwapEvidence, IsWhatOtherSwapsDoNotMakeUpFor) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(6, 8, 300);
  const Blocks& truth = problem.truth.blocks;
  std::vector<SwapChange> changes;
  const std::vector<double> all = evidence_of(world, problem, truth, 100, &changes);
  const std::vector<double> few = evidence_of(world, problem, truth, 5);
  ASSERT_EQ(all.size(), truth.size() - 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_GT(all[i], 0);
    EXPECT_LE(all[i], few[i] * (1 + 1e-6)) << "more pairs make up for more";
    // At the truth the error is rounding, and a swap's change is its effect's square.
    EXPECT_LE(few[i], 300 * changes[i].change * 1.001);
  }
}

TEST(SwapEvidence, KnowsTheSwapThatLowersTheError) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(6, 8, 300);
  Blocks order = problem.truth.blocks;
  std::swap(order[2], order[3]);
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(order, bench.evaluator().rows().tiles(), 1));
  const SwapEvidence evidence = swap_evidence(model, 100);
  const double error = 300 * model.base_error();
  for (std::size_t i = 0; i < evidence.rise.size(); ++i) EXPECT_EQ(evidence.rise[i] < 0, i == 2) << evidence.rise[i];
  EXPECT_LT(evidence.variance, 0.1 * error / 300) << "swaps explain nearly all";
}

TEST(SwapEvidence, IsNoneWhereRowsAreFewerThanPairs) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem few = make_planted(8, 8, 28);
  for (const double each : evidence_of(world, few, few.truth.blocks, 100)) EXPECT_EQ(each, 0);
  for (const double each : evidence_of(world, few, few.truth.blocks, 7)) EXPECT_GT(each, 0);
}

TEST(SwapEvidence, IsEqualForAnyNumberOfRanks) {
  const PlantedProblem problem = make_planted(6, 8, 300);
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  EXPECT_EQ(evidence_of(world, problem, problem.truth.blocks, 100),
            evidence_of(self, problem, problem.truth.blocks, 100));
}

}  // namespace
}  // namespace kintsugi
