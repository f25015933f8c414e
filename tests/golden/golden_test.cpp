// The whole JSON log of many small solves, as one SHA-256 each: whether the search still does what it did, to the last
// bit.
//
//   golden_test GOLDEN.TXT SEARCH            compares; exit code 1 and the lines that differ where they do
//   golden_test GOLDEN.TXT --searches NAME ...
//                                            exit code 1 and their names where a search is not among these, or has no
//                                            line in the file
//   golden_test GOLDEN.TXT --renew           writes the file anew, for all searches
//   golden_test GOLDEN.TXT --show LINE       prints the log of one line: "deep auto 3 1" (network, search, islands,
//                                            seed)
//
// The hashes are those of a portable build (KINTSUGI_NATIVE=OFF, KINTSUGI_LIBXSMM=OFF): other processors' instructions
// round differently.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/solve_log.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"
#include "search/make_search.hpp"
#include "support/planted.hpp"

namespace kintsugi::testing {
namespace {

/// A network, and what its solves have in common.
struct Problem {
  std::string name;
  PlantedProblem planted;
  SolveOptions options;
};

struct Case {
  std::string network;
  std::string search;
  int islands = 1;
  std::uint64_t seed = 1;
};

std::string to_line(const Case& one) {
  return one.network + ' ' + one.search + ' ' + std::to_string(one.islands) + ' ' + std::to_string(one.seed);
}

Problem make_problem(std::string name, const PlantedOptions& planted, const std::string& start,
                     std::int64_t max_evaluations, std::int64_t sample_rows = 0) {
  SolveOptions options;
  options.start = start;
  options.max_evaluations = max_evaluations;
  options.sample_rows = sample_rows;
  return {std::move(name), make_planted(planted), options};
}

PlantedOptions sized(std::size_t blocks, std::size_t width, std::size_t rows) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = width;
  options.hidden = {2 * width};
  options.rows = rows;
  options.pair_signal = 1.5;
  options.seed = blocks;
  return options;
}

std::vector<Problem> make_problems() {
  std::vector<Problem> problems;
  problems.push_back(make_problem("plain", sized(12, 10, 300), "random", 400));
  problems.push_back(make_problem("silent", silent_options(10, 8, 600), "auto", 300));
  PlantedOptions options = sized(8, 8, 800);
  options.noise = 0.05;
  options.depth = DepthTrend::none;
  problems.push_back(make_problem("noise", options, "random", 1500));
  options = sized(24, 8, 500);
  options.depth = DepthTrend::none;
  problems.push_back(make_problem("deep", options, "random", 1500, 64));
  options = sized(36, 6, 300);
  options.depth = DepthTrend::none;
  options.noise = 0.01;
  problems.push_back(make_problem("small-steps", options, "random", 1500));
  options = sized(12, 12, 300);
  options.hidden = {8, 24, 16};
  options.outputs = 3;
  problems.push_back(make_problem("sizes", options, "random", 300));
  options = sized(12, 8, 300);
  options.activation = Activation::gelu;
  options.depth = DepthTrend::shrinking;
  problems.push_back(make_problem("gelu", options, "delta-norm", 300, 64));
  options = sized(10, 10, 200);
  options.activation = Activation::tanh;
  options.biases = false;
  options.outputs = 18;
  options.depth = DepthTrend::none;
  problems.push_back(make_problem("outputs", options, "random", 200));
  options = sized(10, 8, 300);
  options.copies = 2;
  options.depth = DepthTrend::none;
  problems.push_back(make_problem("copies", options, "random", 300));
  options = sized(12, 8, 400);
  options.decimals = 2;
  options.depth = DepthTrend::none;
  problems.push_back(make_problem("rounded", options, "greedy", 400, 64));
  options = sized(14, 8, 400);
  options.residual = 0.3;
  options.pair_signal = 0.7;
  problems.push_back(make_problem("large-steps", options, "auto", 1200, 128));
  options = sized(20, 8, 250);
  options.noise = 0.02;
  options.activation = Activation::silu;
  problems.push_back(make_problem("few-rows", options, "wout-l1", 500, 32));
  options = sized(32, 16, 800);
  options.depth = DepthTrend::none;
  options.pair_signal = 2.2;
  options.drift = 0.3;
  problems.push_back(make_problem("drift", options, "seriation", 600, 64));
  return problems;
}

/// The log of one solve, without times. Collective; on rank 0 only.
std::string log_of(const mpi::Comm& world, const Problem& problem, const Case& one) {
  SolveOptions options = problem.options;
  options.search = one.search;
  options.islands = one.islands;
  options.max_evaluations *= one.islands;
  options.seed = one.seed;
  std::ostringstream text;
  const auto log = std::make_unique<cli::SolveLog>();
  if (world.root()) log->add(cli::make_json_log(text, {.times = false}));
  MemoryRows rows(problem.planted.rows);
  log->begin({.islands = options.islands, .seed = options.seed, .rows = rows.shape()}, problem.planted.network);
  const Solution solution =
      solve(world, world.root() ? problem.planted.network : Network{}, rows, options, *log, nullptr);
  log->finish(solution, {});
  return text.str() + format_permutation(solution.permutation) + '\n';
}

std::vector<Case> cases_of(const std::vector<Problem>& problems, const std::string& search) {
  std::vector<Case> cases;
  for (const Problem& problem : problems) {
    for (const int islands : {1, 3}) {
      for (const std::uint64_t seed : {1, 2, 3}) cases.push_back({problem.name, search, islands, seed});
    }
  }
  return cases;
}

const Problem& problem_of(const std::vector<Problem>& problems, const std::string& name) {
  for (const Problem& problem : problems) {
    if (problem.name == name) return problem;
  }
  throw UsageError("no network is called '" + name + "'");
}

/// The golden lines of one search: network, search, islands, seed, SHA-256.
std::vector<std::string> lines_of(const mpi::Comm& world, const std::vector<Problem>& problems,
                                  const std::string& search) {
  std::vector<std::string> lines;
  for (const Case& one : cases_of(problems, search)) {
    const std::string log = log_of(world, problem_of(problems, one.network), one);
    lines.push_back(to_line(one) + ' ' + sha256_hex(log));
  }
  return lines;
}

void renew(const mpi::Comm& world, const std::vector<Problem>& problems, const std::string& path) {
  std::ofstream file;
  if (world.root()) file.open(path);
  for (const std::string& search : search_names()) {
    for (const std::string& line : lines_of(world, problems, search)) {
      if (world.root()) file << line << '\n';
    }
  }
}

bool compare(const mpi::Comm& world, const std::vector<Problem>& problems, const std::string& path,
             const std::string& search) {
  std::vector<std::string> expected;
  std::ifstream file(path);
  if (!file) throw UsageError(path + ": cannot be read");
  for (std::string line; std::getline(file, line);) {
    if (line.find(' ' + search + ' ') != std::string::npos) expected.push_back(line);
  }
  const std::vector<std::string> found = lines_of(world, problems, search);
  if (!world.root() || found == expected) return true;
  std::size_t differ = 0;
  for (std::size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
    const std::string is = i < found.size() ? found[i] : "no line";
    const std::string was = i < expected.size() ? expected[i] : "no line";
    if (is == was) continue;
    if (++differ <= 10) std::cout << "expected " << was << "\nfound    " << is << '\n';
  }
  std::cout << differ << " of " << expected.size() << " logs of --search " << search << " differ from " << path << '\n';
  return false;
}

/// Whether each search that the program knows is among the `tested` ones and has lines in the file.
bool all_have_lines(const std::string& path, const std::vector<std::string>& tested) {
  std::ifstream file(path);
  if (!file) throw UsageError(path + ": cannot be read");
  std::ostringstream lines;
  lines << file.rdbuf();
  bool all = true;
  const auto complain = [&](const std::string& search, const std::string& of_what) {
    std::cout << "--search " << search << of_what << '\n';
    all = false;
  };
  const std::vector<std::string> names = search_names();
  for (const std::string& name : names) {
    if (std::ranges::find(tested, name) == tested.end()) complain(name, " is not in tests/golden/CMakeLists.txt");
    if (lines.str().find(' ' + name + ' ') == std::string::npos) complain(name, " has no line in " + path);
  }
  for (const std::string& name : tested) {
    if (std::ranges::find(names, name) == names.end()) complain(name, " is not one that the program knows");
  }
  return all;
}

int run(const std::vector<std::string>& arguments) {
  const mpi::Comm world = mpi::Comm::world();
  if (arguments.size() < 2) throw UsageError("needs the golden file, and a search, --searches, --renew or --show LINE");
  if (arguments[1] == "--searches") {
    return all_have_lines(arguments[0], {arguments.begin() + 2, arguments.end()}) ? 0 : 1;
  }
  const std::vector<Problem> problems = make_problems();
  if (arguments[1] == "--renew") {
    renew(world, problems, arguments[0]);
    return 0;
  }
  if (arguments[1] == "--show" && arguments.size() == 3) {
    Case one;
    std::istringstream(arguments[2]) >> one.network >> one.search >> one.islands >> one.seed;
    const std::string log = log_of(world, problem_of(problems, one.network), one);
    if (world.root()) std::cout << log;
    return 0;
  }
  return compare(world, problems, arguments[0], arguments[1]) ? 0 : 1;
}

}  // namespace
}  // namespace kintsugi::testing

int main(int argc, char** argv) {
  kintsugi::mpi::Environment environment(argc, argv);
  try {
    return kintsugi::testing::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "golden_test: " << error.what() << '\n';
    return 1;
  }
}
