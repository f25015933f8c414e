#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// Facts of the run that are not part of the solution proper; root attributes of solution.h5.
struct RunFacts {
  std::string problem;  ///< path as the user gave it
  std::string options;  ///< effective options, as --print-config prints them
  std::string version;
  std::string revision;    ///< the git commit that the program was built from; empty in files of version 0.1
  std::string parameters;  ///< fingerprint of the tuned numbers; empty in files of version 0.1
  int ranks = 1;
  int islands = 1;
  std::uint64_t seed = 0;
  int exit_code = 0;
  ProblemFingerprint fingerprint{};  ///< of the problem; empty in files of version 0.2 and before
  std::string host{};                ///< of rank 0; this and the next two are empty with --no-times
  std::string date{};                ///< of the end, UTC: "2026-01-31T12:00:00Z"
  std::string launch{};              ///< the command line, and the batch job where there was one
};

/// Writes solution.h5 as a whole (see write_file_atomically). Not collective; rank 0 calls it.
/// Pieces are named by their own indices. Blocks are numbered by their expand piece, ascending.
///   /permutation [2L + 1] int32   expand, compress, ..., head
///   /order [L] int32              the block's number at each position
///   /pairing [L, 2] int32         expand and compress piece of block 0, 1, ...
///   /pair_scores [L] compound     the fields of PairScore
///   /starts [S] compound          name, mse; best first
///   /start_orders [S, L] int32    StartOrder::order of each start
///   /trajectory [T] compound      the fields of TrajectoryEntry; event is an enumeration of their names in words,
///   whose
///                                 values are the letters of the log
///   /margins [L - 1] compound     position, first_expand, second_expand, change, standard_error, z, interchangeable
///   /ties compound                kind (trade, move, pieces), first, second: positions
///   /elites/permutation [E, 2L + 1] int32, /elites/mse [E], /elites/island [E]   the islands' best orders, best first
///   /line [L] compound            expand, compress, off; /line_features compound: name, side, smoothness; with the
///                                 root attributes line_agreement, _significance, _significance_needed, _places: the
///                                 fields of WeightsLine; where a line was sought
///   /reversed [2L + 1] int32      the permutation from the other end; with the status by-weights
///   /warnings [W] text
/// Root attributes: format ("kintsugi-solution"), format_version, status, exit_code, mse, largest_error, target, rows,
/// evaluations, sha256, problem, problem_weights, problem_rows, problem_activation (its fingerprint), options, version,
/// revision, parameters, state_layout, ranks, islands, seed, host, date, launch, explained, explained_by_chance,
/// seconds_load, _pairing, _seeding, _search, _kernels, _collectives, _check, _total. No time stamps: equal content
/// gives equal bytes. Throws UsageError where `path` cannot be a file, InternalError where the disk does not take it.
void write_solution(const std::filesystem::path& path, const Network& network, const Solution& solution,
                    const RunFacts& facts);

/// The permutation (the pieces' own indices) in `path`: a solution.h5, told by its signature, or a text file.
/// Throws InputError that names the file and the rule.
[[nodiscard]] std::vector<int> read_answer(const std::filesystem::path& path);

/// Throws InputError that names the file and what differs (weights, rows, activation) where `file` is a solution.h5 or
/// an analysis.h5 of another problem. Text files and files from before version 0.3 do not say what they belong to.
void require_same_problem(const std::filesystem::path& file, const ProblemFingerprint& problem);

/// Whether `file` says what it belongs to.
[[nodiscard]] bool names_problem(const std::filesystem::path& file);

/// What `report` and `verify` need of a solution.h5 besides the permutation.
struct StoredSolution {
  Solution solution;  ///< `assembly` and `elites` are left empty, they need the network; `pairs` and `line` name
                      ///< pieces by their own indices
  RunFacts facts;
};
/// Reads format_version 2 too, which has events as letters, and 1, which calls the starts /seeds and /seed_orders.
/// Throws InputError that names the file, the object and the rule.
[[nodiscard]] StoredSolution read_solution(const std::filesystem::path& path);

}  // namespace kintsugi
