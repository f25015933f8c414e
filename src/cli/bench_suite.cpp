#include "cli/bench_suite.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>

#include "cli/comparison.hpp"
#include "cli/reference.hpp"
#include "cli/text.hpp"
#include "core/stopwatch.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "kintsugi/solve.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLine = "%-20s %5s  %-11s %10s %9s %9s %11s %9s %9s\n";

bool is_problem(const fs::path& file) {
  try {
    const ProblemFile problem(file);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<fs::path> problems_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".h5" && is_problem(entry.path())) files.push_back(entry.path());
  }
  if (error) throw InputError(folder.string() + ": cannot be read: " + error.message());
  if (files.empty()) throw InputError(folder.string() + ": holds no problem file (*.h5, as `kintsugi import` writes)");
  std::ranges::sort(files);
  return files;
}

/// The answer beside a problem, as positions in its network; none where there is no file.
std::optional<Assembly> answer_of(const fs::path& problem, const Network& network) {
  for (const char* const ending : {".answer.txt", ".txt"}) {
    fs::path file = problem;
    file.replace_extension(ending);
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;
    const std::map<int, int> positions = network.positions();
    std::vector<int> permutation = read_answer(file);
    for (int& piece : permutation) {
      const auto found = positions.find(piece);
      if (found == positions.end()) {
        throw InputError(file.string() + ": names piece " + std::to_string(piece) +
                         ", which the problem does not have");
      }
      piece = found->second;
    }
    return from_permutation(permutation);
  }
  return std::nullopt;
}

void print_line(const std::string& name, std::uint64_t seed, const Solution& solution,
                const std::optional<Assembly>& answer, double seconds) {
  std::string pairs = "-";
  std::string tau = "-";
  if (answer) {
    const Comparison comparison = compare(solution.assembly, *answer);
    const std::size_t blocks = answer->blocks.size();
    pairs = format("%zu/%zu", blocks - comparison.wrong_pairs.size(), blocks);
    tau = format("%.4f", comparison.kendall_tau);
  }
  std::cout << format(kLine, name.c_str(), std::to_string(seed).c_str(),
                      std::string(to_string(solution.status)).c_str(), format("%.3e", solution.mse).c_str(),
                      pairs.c_str(), tau.c_str(), std::to_string(solution.evaluations).c_str(),
                      format("%.2f", solution.times.search).c_str(), format("%.2f", seconds).c_str())
            << std::flush;
}

}  // namespace

bool bench_suite(const mpi::Comm& world, const SuiteRun& run) {
  std::vector<fs::path> files;
  world.agree([&] { files = problems_in(run.folder); });
  if (world.root()) {
    std::cout << format(kLine, "problem", "seed", "status", "mse", "pairs", "tau", "evaluations", "search s", "total s")
              << std::flush;
  }
  std::size_t solved = 0;
  std::vector<double> times;
  for (const fs::path& file : files) {
    for (int i = 0; i < run.seeds; ++i) {
      const Stopwatch stopwatch;
      std::optional<ProblemFile> rows;
      Network network;
      std::optional<Assembly> answer;
      world.agree([&] {
        rows.emplace(file);
        require_predictions(*rows, file);
        if (!world.root()) return;
        network = rows->network();
        answer = answer_of(file, network);
      });
      SolveOptions options = run.options;
      options.seed += static_cast<std::uint64_t>(i);
      SolveObserver silent;
      const Solution solution = solve(world, network, *rows, options, silent);
      mpi::stop_together(world);
      const bool right =
          solution.status == Status::solved || solution.status == Status::precision || solution.status == Status::noise;
      if (right) ++solved;
      times.push_back(solution.times.search);
      if (world.root()) print_line(file.stem().string(), options.seed, solution, answer, stopwatch.seconds());
    }
  }
  std::ranges::sort(times);
  if (world.root()) {
    std::cout << format("RESULT solved=%zu of=%zu median_search_seconds=%.3f\n", solved, times.size(),
                        times[times.size() / 2]);
  }
  return solved == times.size();
}

}  // namespace kintsugi::cli
