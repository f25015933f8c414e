#include "cli/puzzle_run.hpp"

#include <iostream>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/output_file.hpp"
#include "cli/reference.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"
#include "core/fold.hpp"
#include "core/stop.hpp"
#include "io/model_file.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "solve/decoys.hpp"
#include "solve/part_choice.hpp"
#include "solve/part_places.hpp"

namespace kintsugi::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAuto = "auto";

/// "puzzle" of puzzle.tar.gz
std::string stem_of(const fs::path& file) {
  std::string name = file.stem().string();
  if (name.ends_with(".tar")) name.erase(name.size() - 4);
  return name;
}

BlockForm with_norms_of(BlockForm form, const BlockForm& other) {
  form.norm = other.norm;
  form.head_norm = other.head_norm;
  return form;
}

/// Throws UsageError where a file of this name is there that `read` cannot read: no earlier run has written it.
template <class Read>
void require_made_here(const fs::path& path, const Read& read) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  try {
    read();
    return;
  } catch (const InputError&) {
    // Said below: no file of ours.
  }
  throw UsageError("output file '" + path.string() +
                   "': is there already, and no earlier run has written it; say where to write with --output FILE");
}

}  // namespace

PuzzleRun::PuzzleRun(fs::path path, const fs::path& output, std::string activation, bool with_times,
                     bool without_predictions, bool allow_extra, const GrammarParameters& grammar)
    : path_(std::move(path)),
      activation_(std::move(activation)),
      with_times_(with_times),
      allow_extra_(allow_extra),
      grammar_(grammar),
      solution_is_given_(!output.empty()) {
  columns_.without_predictions = without_predictions;
  std::error_code ignored;
  fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path();
  std::string start = stem_of(path_) + ".";
  if (fs::is_directory(path_, ignored)) {
    folder = path_;
    start.clear();
  }
  if (solution_is_given_) {
    folder = output.has_parent_path() ? output.parent_path() : fs::path();
    start = output.filename() == "solution.h5" ? "" : output.stem().string() + ".";
  }
  problem_ = folder / (start + "problem.h5");
  solution_ = solution_is_given_ ? output : folder / (start + "solution.h5");
  model_ = folder / (start + "solved.pth");
  readable_ = problem_;
  if (activation_ == kAuto) readable_ += ".next";
}

PuzzleRun::~PuzzleRun() {
  std::error_code ignored;
  if (imported_ && readable_ != problem_) fs::remove(readable_, ignored);
}

void PuzzleRun::import() {
  std::optional<Activation> given;
  if (activation_ != kAuto) given = parse_activation(activation_);
  puzzle_ = read_puzzle(path_, {}, columns_, given, allow_extra_, {}, true, grammar_);
  std::vector<fs::path> outputs{problem_, solution_, model_};
  if (readable_ != problem_) outputs.push_back(readable_);
  for (const fs::path& output : outputs) check_writable(output, true);
  check_outputs(outputs, puzzle_.inputs);
  require_made_here(problem_, [&] { const ProblemFile earlier(problem_); });
  if (!solution_is_given_) require_made_here(solution_, [&] { static_cast<void>(read_solution(solution_)); });
  imported_ = true;
  write_puzzle(readable_, puzzle_, with_times_);
}

void PuzzleRun::choose_activation(const mpi::Comm& world, Network& network, RowSource& rows,
                                  const SolveOptions& options, SolveObserver& observer) {
  if (activation_ != kAuto) return;
  std::vector<int> named{puzzle_.names_activation ? 1 : 0};
  world.broadcast(named);
  if (named[0] == 0 && !columns_.without_predictions) {
    world.agree([&] {
      // Parts in wrong places tell less of activations than the mean part in all.
      if (world.root() && !puzzle_.open_parts.unrelated.empty())
        network = narrowed(fold(with_means(puzzle_.network, puzzle_.open_parts.unrelated)));
    });
    choose_form(world, network, rows, options, observer);
    network.activation = choice_.trials.front().activation;
  }
  world.agree([&] {
    if (!world.root()) return;
    puzzle_.network.activation = network.activation;
    puzzle_.network.form = with_norms_of(puzzle_.network.form, network.form);
    write_puzzle(problem_, puzzle_, with_times_);
  });
}

void PuzzleRun::choose_form(const mpi::Comm& world, Network& network, RowSource& rows, const SolveOptions& options,
                            SolveObserver& observer) {
  std::vector<int> open{puzzle_.norm_open ? 1 : 0};
  world.broadcast(open);
  SolveOptions shared = options;
  if (open[0] != 0) shared.parameters.activation_choice.share_of_time /= static_cast<double>(kNorms.size() - 1);
  choice_ = kintsugi::choose_activation(world, network, rows, shared, observer);
  if (open[0] == 0) return;
  std::vector<int> own{static_cast<int>(network.form.any_norm())};  // rank 0 has the network
  world.broadcast(own);
  for (const Norm norm : norms_but(static_cast<Norm>(own[0]))) {
    Network other = network;
    other.form = network.form.with_norm(norm);
    ActivationChoice choice = kintsugi::choose_activation(world, other, rows, shared, observer);
    if (!(choice.trials.front().mse < choice_.trials.front().mse)) continue;
    network.form = other.form;
    choice_ = std::move(choice);
  }
  world.agree([&] {
    if (world.root())
      puzzle_.notes.push_back(std::string("norms are ").append(rule_of(network.form.any_norm()).title) +
                              " by the data: the other leaves a larger error");
  });
}

bool PuzzleRun::settle_parts(const mpi::Comm& world, Activation activation, RowSource& rows, SolveOptions& options,
                             SolveObserver& observer) {
  std::vector<int> open{puzzle_.open_parts.any() ? 1 : 0};
  world.broadcast(open);
  if (open[0] == 0 || columns_.without_predictions) return false;
  if (world.root()) puzzle_.network.activation = activation;
  std::string found = kintsugi::settle_parts(world, puzzle_.network, puzzle_.open_parts, rows, options, observer);
  world.agree([&] {
    if (!world.root()) return;
    puzzle_.notes.push_back(std::move(found));
    write_puzzle(problem_, puzzle_, with_times_);
  });
  return true;
}

bool PuzzleRun::leave_out_decoys(const mpi::Comm& world, const Network& network, RowSource& rows,
                                 const SolveOptions& options, SolveObserver& observer) {
  if (!allow_extra_ || columns_.without_predictions) return false;
  const std::vector<int> decoys = find_decoys(world, network, rows, options, observer);
  if (decoys.empty()) return false;
  world.agree([&] {
    if (!world.root()) return;
    std::vector<PieceF64>& pieces = puzzle_.network.pieces;
    std::vector<std::string> names;
    for (auto position = decoys.rbegin(); position != decoys.rend(); ++position) {
      const auto at = pieces.begin() + *position;
      puzzle_.left_out.push_back(at->index);
      names.insert(names.begin(), std::to_string(at->index));
      pieces.erase(at);
    }
    std::ranges::sort(puzzle_.left_out);
    puzzle_.notes.push_back("pieces " + join(names, ", ") +
                            " are left out: without them the others reproduce the predictions, and with them not");
    write_puzzle(problem_, puzzle_, with_times_);
  });
  return true;
}

std::string PuzzleRun::describe_activation() const {
  const std::string name(to_string(puzzle_.network.activation));
  if (choice_.trials.empty()) {
    if (puzzle_.names_activation) return name + ", as the pieces' file says";
    return name + (activation_ == kAuto ? ", a guess: without predictions nothing tells (--activation NAME decides)"
                                        : ", as given");
  }
  const auto result = [](const ActivationTrial& trial) {
    return std::string(to_string(trial.activation)) + format(", MSE %.2e ", trial.mse) +
           (trial.searched > 0 ? format("after up to %lld evaluations", static_cast<long long>(trial.searched))
                               : std::string("at its best start"));
  };
  const ActivationTrial& next = choice_.trials[1];
  return name +
         (choice_.certain ? ", found by trying all: "
                          : ", a guess: the data do not tell yet (--activation NAME decides): ") +
         result(choice_.trials[0]) + "; next " + result(next);
}

Fact PuzzleRun::check(const Solution& solution, const ProblemFile& rows) const {
  if (stop_reason() != StopReason::none) return {"check", "not verified: the run was stopped"};
  const ReferenceResult check = evaluate_reference(fold(puzzle_.network), solution.assembly, rows);
  const bool reproduced = check.reproduced() || (solution.status == Status::solved && check.mse <= solution.target);
  return {"check", format("in float64 by other code MSE %.3g, largest error %.3g: ", check.mse, check.largest_error) +
                       (reproduced ? "verified" : "the predictions are not reproduced")};
}

std::vector<Fact> PuzzleRun::finish(const Solution& solution, const ProblemFile& rows,
                                    const ProblemFingerprint& problem, int ranks) {
  const bool solved =
      solution.status == Status::solved || solution.status == Status::precision || solution.status == Status::noise;
  const bool by_weights = solution.status == Status::by_weights;
  if (solved) write_model(model_, puzzle_.network, solution.assembly, problem);

  std::vector<Fact> facts;
  if (!by_weights) facts.push_back(check(solution, rows));
  facts.push_back({"pieces", puzzle_.pieces.string() + ", " + count_of(puzzle_.network.pieces.size(), "piece")});
  if (!puzzle_.data.empty())
    facts.push_back({"table", puzzle_.data.string() + ", " + count_of(puzzle_.table.rows.shape.rows, "row")});
  for (const std::string& note : puzzle_.notes) facts.push_back({"", note});
  facts.push_back({"activation", describe_activation()});
  facts.push_back({"written", problem_.string() + ", " + solution_.string() + (solved ? ", " + model_.string() : "")});
  const unsigned cores = std::thread::hardware_concurrency();
  if (ranks == 1 && cores > 1 && !by_weights) {
    facts.push_back(
        {"cores", format("1 of %u was used; all of them: mpirun -np %u kintsugi solve ", cores, cores) + typed(path_)});
  }
  if (solved || by_weights) {
    facts.push_back(
        {"next", "kintsugi report " + typed(solution_) + " --problem " + typed(problem_) + " -o report.html"});
  } else {
    facts.push_back({"next", "kintsugi info " + typed(problem_) + "   (what is unusual about it)"});
  }
  return facts;
}

}  // namespace kintsugi::cli
