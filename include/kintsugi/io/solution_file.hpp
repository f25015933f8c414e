#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// Facts of the run that are not part of the solution proper; root attributes of solution.h5.
struct RunFacts {
  std::string problem;   ///< path as the user gave it
  std::string options;   ///< effective options, as --print-config prints them
  std::string version;
  int ranks = 1;
  int islands = 1;
  std::uint64_t seed = 0;
  int exit_code = 0;
};

/// Writes solution.h5 beside `path`, syncs it, then renames it into place. Not collective; rank 0 calls it.
/// /permutation [pieces] int32 (the pieces' own indices), /order [L] (the block's number at each position; blocks are numbered by their expand piece, ascending),
/// /pairing [L, 2] (expand, compress index of each block), /pair_scores (compound), /seeds (compound), /trajectory (compound), /warnings;
/// root attributes format, format_version, status, exit_code, mse, largest_error, target, rows, evaluations, sha256, and those of RunFacts and Times.
void write_solution(const std::filesystem::path& path, const Network& network, const Solution& solution,
                    const RunFacts& facts);

/// The permutation (the pieces' own indices) in `path`: a solution.h5, told by its signature, or a text file.
/// Throws InputError that names the file and the rule.
[[nodiscard]] std::vector<int> read_answer(const std::filesystem::path& path);

/// What `report` and `verify` need of a solution.h5 besides the permutation.
struct StoredSolution {
  Solution solution;  ///< `assembly` is left empty: it needs the network
  RunFacts facts;
};
[[nodiscard]] StoredSolution read_solution(const std::filesystem::path& path);

}  // namespace kintsugi
