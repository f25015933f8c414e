// Shuffles a small planted network, solves it by the library, and compares with the truth.
// Exit code 0: the same network came back on this rank.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"
#include "synth/planted.hpp"

int main(int argc, char** argv) {
  const kintsugi::mpi::Environment environment(argc, argv);
  const kintsugi::mpi::Comm world = kintsugi::mpi::Comm::world();

  kintsugi::PlantedOptions planted;
  planted.blocks = 8;
  planted.width = 16;
  planted.hidden = {24};
  planted.rows = 600;
  planted.seed = 7;
  const kintsugi::SyntheticProblem problem = kintsugi::plant_network(planted);

  kintsugi::MemoryRows rows(std::make_shared<kintsugi::Rows>(problem.rows));
  kintsugi::SolveObserver silent;
  const kintsugi::Solution solution = kintsugi::solve(world, problem.network, rows, {}, silent);

  const std::vector<int> truth = kintsugi::to_permutation(problem.truth);
  const bool found = solution.status == kintsugi::Status::solved && solution.permutation == truth;
  std::printf("rank %d: %s %s, truth %s\n", world.rank(), std::string(kintsugi::to_string(solution.status)).c_str(),
              kintsugi::format_permutation(solution.permutation).c_str(), kintsugi::format_permutation(truth).c_str());
  return found ? 0 : 1;
}
