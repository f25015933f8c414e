#include "cli/suite_problem.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/puzzle_place.hpp"
#include "cli/reference.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "solve/activation_choice.hpp"

namespace kintsugi::cli {

namespace fs = std::filesystem;

namespace {

bool is_problem_file(const fs::path& file) {
  try {
    const ProblemFile problem(file);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// The problem file that an earlier solve of the folder has left there.
fs::path problem_within(const fs::path& folder) { return folder / "problem.h5"; }

bool is_puzzle(const fs::path& folder) {
  try {
    static_cast<void>(read_puzzle(folder, {}, {}, {}));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

bool is_problem(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path.extension() == ".h5" && is_problem_file(path);
  return is_problem_file(problem_within(path)) || is_puzzle(path);
}

}  // namespace

std::vector<fs::path> problems_of_suite(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error) && !error) return {path};
  if (error) throw InputError(path.string() + ": cannot be read: " + error.message());
  // Before its parts are looked at: a folder of pieces beside their table is a problem, too.
  if (is_puzzle(path)) return {path};
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (is_problem(entry.path())) found.push_back(entry.path());
  }
  if (error) throw InputError(path.string() + ": cannot be read: " + error.message());
  if (found.empty()) {
    throw InputError(path.string() +
                     ": holds no problem: no problem file (*.h5, as `kintsugi import` writes), and no folder of pieces "
                     "with their table");
  }
  std::ranges::sort(found);
  return found;
}

SuiteProblem::SuiteProblem(const mpi::Comm& world, const fs::path& path) : path_(path) {
  std::error_code ignored;
  fs::path file = path_;
  const bool folder = fs::is_directory(path_, ignored);
  // "puzzle/." and "puzzle/" are named puzzle, too.
  const fs::path plain = fs::absolute(path_).lexically_normal();
  name_ = folder ? (plain.has_filename() ? plain : plain.parent_path()).filename().string() : path_.stem().string();
  if (folder) {
    file = problem_within(path_);
    std::vector<int> left{0};
    world.agree([&] {
      if (!world.root() || is_problem_file(file)) return;
      import(path_);
      left[0] = static_cast<int>(::getpid());
    });
    world.broadcast(left);
    if (left[0] != 0) file = path_ / format(".kintsugi-suite.%d", left[0]);
  }
  world.agree([&] {
    rows_.emplace(file);
    require_predictions(*rows_, file);
    if (!world.root()) return;
    const Activation chosen = network_.activation;
    const bool imported = !temporary_.path.empty();
    network_ = rows_->network();
    if (imported) network_.activation = chosen;
  });
  std::vector<int> open{activation_open_ ? 1 : 0};
  world.broadcast(open);
  activation_open_ = open[0] == 1;
}

SuiteProblem::Temporary::~Temporary() {
  std::error_code ignored;
  if (!path.empty()) fs::remove(path, ignored);
}

void SuiteProblem::import(const fs::path& folder) {
  const Puzzle puzzle = read_puzzle(folder, {}, {}, {});
  activation_open_ = !puzzle.names_activation;
  temporary_.path = folder / format(".kintsugi-suite.%d", static_cast<int>(::getpid()));
  network_.activation = puzzle.network.activation;
  write_puzzle(temporary_.path, puzzle, false);
}

const Network& SuiteProblem::network(const mpi::Comm& world, const SolveOptions& options, SolveObserver& observer) {
  if (activation_open_) {
    const ActivationChoice choice = choose_activation(world, network_, *rows_, options, observer);
    network_.activation = choice.trials.front().activation;
    activation_open_ = false;
  }
  return network_;
}

std::optional<Assembly> SuiteProblem::answer() const {
  for (const char* const ending : {".answer.txt", ".txt"}) {
    fs::path file = fs::is_directory(path_) ? path_ / "answer" : path_;
    file.replace_extension(ending);
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;
    const std::map<int, int> positions = network_.positions();
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

}  // namespace kintsugi::cli
