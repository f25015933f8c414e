#include "solve/solving.hpp"

#include <sstream>

namespace kintsugi::testing {

Solution solve_planted(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options,
                       SolveObserver& observer) {
  MemoryRows rows(problem.rows);
  return solve(comm, comm.root() ? problem.network : Network{}, rows, options, observer);
}

Solution solve_planted(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options) {
  SolveObserver silent;
  return solve_planted(comm, problem, options, silent);
}

std::string describe(const std::vector<TrajectoryEntry>& rows) {
  std::ostringstream text;
  text << std::hexfloat;
  for (const TrajectoryEntry& row : rows) {
    text << row.step << ' ' << row.island << ' ' << letter(row.event) << ' ' << row.rows << ' ' << row.mse << ' '
         << row.best << ' ' << row.moves << ' ' << row.evaluations << '\n';
  }
  return text.str();
}

std::string describe(const Solution& solution) {
  std::ostringstream text;
  text << std::hexfloat << to_string(solution.status) << '\n'
       << format_permutation(solution.permutation) << '\n'
       << format_permutation(to_permutation(solution.assembly)) << '\n'
       << solution.sha256 << '\n'
       << solution.mse << ' ' << solution.largest_error << ' ' << solution.target << ' ' << solution.rows << ' '
       << solution.evaluations << '\n';
  for (const Elite& elite : solution.elites) {
    text << format_permutation(to_permutation({elite.blocks, solution.assembly.head})) << ' ' << elite.mse << ' '
         << elite.island << '\n';
  }
  for (const Margin& margin : solution.margins) {
    text << margin.position << ' ' << margin.change << ' ' << margin.standard_error << ' ' << margin.interchangeable
         << '\n';
  }
  for (const Tie& tie : solution.ties) text << tie.kind << ' ' << tie.first << ' ' << tie.second << '\n';
  for (const StartOrder& seed : solution.starts) {
    text << seed.name << ' ' << seed.mse << ' ' << format_permutation(seed.order) << '\n';
  }
  return text.str() + describe(solution.trajectory);
}

std::string solved_alone(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options) {
  std::string text;
  if (comm.root()) text = describe(solve_planted(mpi::Comm::self(), problem, options));
  comm.broadcast(text);
  return text;
}

PlantedProblem noisy_problem(std::size_t blocks, std::size_t rows) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = 8;
  options.hidden = {16};
  options.rows = rows;
  options.pair_signal = 1;
  options.noise = 0.3;
  return make_planted(options);
}

}  // namespace kintsugi::testing
