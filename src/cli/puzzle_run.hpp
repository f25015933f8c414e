#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/log_writer.hpp"
#include "cli/puzzle_place.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"
#include "solve/activation_choice.hpp"

namespace kintsugi::cli {

/// What `kintsugi solve PATH` does around the solve where PATH is no problem file: it imports, finds the activation,
/// and in the end verifies and writes the network put together.
class PuzzleRun {
 public:
  /// Only names files: in the folder PATH, beside another PATH, or beside `output` where that is given. `activation`: a
  /// name, or auto. `with_times`: what is written also says where, when and how. `without_predictions`: pieces alone.
  /// `allow_extra`: pieces that belong to nothing are left out.
  PuzzleRun(std::filesystem::path path, const std::filesystem::path& output, std::string activation, bool with_times,
            bool without_predictions, bool allow_extra, const GrammarParameters& grammar);
  ~PuzzleRun();
  PuzzleRun(const PuzzleRun&) = delete;
  PuzzleRun& operator=(const PuzzleRun&) = delete;

  /// Rank 0's part: reads pieces and table, and writes a problem file for all ranks to open. Throws UsageError before
  /// it writes anything where an output would destroy something.
  void import();
  /// The file to open now.
  [[nodiscard]] const std::filesystem::path& readable() const { return readable_; }
  [[nodiscard]] const std::filesystem::path& problem() const { return problem_; }
  [[nodiscard]] const std::filesystem::path& solution() const { return solution_; }

  /// Sets the activation of `network` (rank 0), and puts the problem file in place. Collective.
  void choose_activation(const mpi::Comm& world, Network& network, RowSource& rows, const SolveOptions& options,
                         SolveObserver& observer);

  /// Finds by the data which part belongs to which block, where the import left it open, and writes the problem so.
  /// True where it has: the problem must be opened anew. `options` may get a start. Collective.
  [[nodiscard]] bool settle_parts(const mpi::Comm& world, Activation activation, RowSource& rows, SolveOptions& options,
                                  SolveObserver& observer);

  /// Finds pieces that belong to nothing by the data, where they are allowed, and writes the problem without them. True
  /// where it has: the problem must be opened anew. Collective.
  [[nodiscard]] bool leave_out_decoys(const mpi::Comm& world, const Network& network, RowSource& rows,
                                      const SolveOptions& options, SolveObserver& observer);

  /// Rank 0's part, once the solution is written: verifies it in float64, writes the model where it is solved, and says
  /// for the verdict what came of it and what to do next.
  [[nodiscard]] std::vector<Fact> finish(const Solution& solution, const ProblemFile& rows,
                                         const ProblemFingerprint& problem, int ranks);

 private:
  [[nodiscard]] std::string describe_activation() const;
  /// Tries activations, and LayerNorm and RMSNorm where the pieces do not tell. Collective.
  void choose_form(const mpi::Comm& world, Network& network, RowSource& rows, const SolveOptions& options,
                   SolveObserver& observer);
  [[nodiscard]] Fact check(const Solution& solution, const ProblemFile& rows) const;

  std::filesystem::path path_;
  std::string activation_;
  bool with_times_;
  bool allow_extra_;
  GrammarParameters grammar_;
  TableOptions columns_;
  std::filesystem::path problem_;
  std::filesystem::path solution_;
  std::filesystem::path model_;
  std::filesystem::path readable_;
  bool solution_is_given_ = false;
  bool imported_ = false;    // by this rank
  Puzzle puzzle_;            // rank 0 only
  ActivationChoice choice_;  // no trials: nothing was tried
};

}  // namespace kintsugi::cli
