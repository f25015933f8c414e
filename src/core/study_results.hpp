#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kintsugi/core/solution.hpp"

namespace kintsugi {

// What `analyze` finds out about a network: plain values. Pieces are named by their own indices, the numbers in the
// user's files. Blocks are numbered by their expand piece, ascending. L is the number of blocks.

/// A pair that its score chose by little, or did not choose.
struct CloseCall {
  int expand = 0;
  int compress = 0;  ///< chosen
  int rival = 0;     ///< the compress piece that scores best with `expand` besides `compress`
  double score = 0;
  double rival_score = 0;
};

/// How one pair score tells the chosen pairs from the others.
struct ScoreStudy {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::string name;
  std::vector<double> score;  ///< [L x L] row-major, PairingStudy::expand by compress; -infinity: shapes do not fit
  double chosen_lowest = kNone;
  double chosen_highest = kNone;
  double others_lowest = kNone;  ///< NaN where there are no others
  double others_highest = kNone;
  std::size_t wrong_rows = 0;      ///< expand pieces that score best with another piece than the chosen one
  std::size_t wrong_columns = 0;   ///< compress pieces likewise
  std::size_t reassigned = 0;      ///< chosen pairs that this score's own best assignment does not have
  std::vector<CloseCall> closest;  ///< the lowest margins, ascending
};

/// All pairs' values of one score, [L x L]: expand piece of the block at the row's position with the compress piece of
/// the block at the column's. -infinity: the shapes do not fit.
struct ScoreTable {
  std::string name;
  std::vector<double> score;
};

struct PairingStudy {
  std::string score;           ///< the score that chose
  std::vector<int> expand;     ///< ascending
  std::vector<int> compress;   ///< ascending
  std::vector<int> chosen;     ///< [L] the column of the piece that each expand piece is paired with
  std::vector<double> traces;  ///< [L] tr(W_out W_in) of the chosen pairs
  std::size_t untrusted = 0;   ///< pairs that the weights do not single out
  std::vector<ScoreStudy> scores;
};

/// How an order agrees with the answer's. NaN where no answer is given.
struct OrderAgreement {
  double inversions = std::numeric_limits<double>::quiet_NaN();        ///< pairs of blocks in the other order
  double kendall_tau = std::numeric_limits<double>::quiet_NaN();       ///< 1 - 4 inversions / (L (L - 1))
  double rank_correlation = std::numeric_limits<double>::quiet_NaN();  ///< Spearman's rho of the positions
};

struct StartStudy {
  std::string name;  ///< without the direction
  bool reversed = false;
  std::vector<int> order;  ///< [L] blocks, first to last
  double mse = 0;          ///< on all rows
  OrderAgreement agreement;
};

/// The start's name, with "-reversed" where it is.
[[nodiscard]] inline std::string full_name(const StartStudy& start) {
  return start.name + (start.reversed ? "-reversed" : "");
}

/// A Bradley-Terry model of the positions in a start, fitted to what swapping them does to the error.
struct BradleyTerryFit {
  double temperature = 0;
  std::vector<double> strengths;  ///< [L] by position in the start, mean 0; the stronger comes first
  std::vector<int> order;         ///< [L] positions in the start, the strongest first
  int iterations = 0;
  bool converged = false;
};

/// How a screened table of gains agrees with the exact one.
struct ScreenAgreement {
  double same_sign = 0;           ///< share of the pairs
  double correlation = 0;         ///< Pearson's, of the gains
  double fit_mse = 0;             ///< on all rows, of the Bradley-Terry order of the screened table
  std::int64_t fit_distance = 0;  ///< pairs of blocks in another order than in that of the exact table
};

struct SwapStudy {
  std::string start;  ///< name, with "-reversed" where it is
  bool exact = true;
  double start_mse = 0;  ///< on the work rows
  std::vector<double>
      gains;  ///< [L x L]: the MSE on the work rows with positions i < j swapped, less start_mse; else 0
  bool temperature_given = false;
  BradleyTerryFit fit;
  double fit_mse = 0;  ///< on all rows
  OrderAgreement fit_agreement;
  bool screened = false;  ///< `screen` says something
  ScreenAgreement screen;
};

/// Three positions a < b < c in the start whose gains contradict each other.
struct CyclicTriple {
  std::int32_t a = 0;
  std::int32_t b = 0;
  std::int32_t c = 0;
  double weakest_margin = 0;  ///< the least |gain| of the three pairs
};

/// Triples by how far they reach.
struct SpanCount {
  std::int32_t span = 0;  ///< c - a
  std::int64_t triples = 0;
  std::int64_t cyclic = 0;
};

struct TransitivityStudy {
  std::int64_t triples = 0;
  std::vector<CyclicTriple> cyclic;  ///< by a, b, c
  std::vector<SpanCount> by_span;    ///< ascending
  double mean_span_cyclic = 0;       ///< 0 where there are none
  double mean_span_all = 0;
  double median_margin_cyclic = 0;      ///< of the weakest margins; NaN where there are none
  double median_margin_transitive = 0;  ///< the same of the other triples
};

/// One sweep of a bubble repair.
struct RepairRound {
  std::string start;
  std::int32_t round = 0;  ///< from 1; the last one swaps nothing, unless the budget ended the repair
  std::int64_t swaps = 0;
  std::int64_t cumulative = 0;
  double mse = 0;  ///< after the round, on all rows
};

/// One way to the answer, and what it cost.
struct SearchStudy {
  std::string name;
  std::int64_t evaluations = 0;  ///< until solved, else in all: of the whole network on its own sample, rounded up
  double mse = 0;                ///< at its end, on all rows
  bool solved = false;
};

struct Study {
  std::size_t work_rows = 0;  ///< the first rows of the data, on which starts, gains and repairs were worked out
  std::size_t rows = 0;       ///< all, on which errors are reported
  double target = 0;          ///< at or below this MSE counts as solved
  bool has_answer = false;
  std::size_t wrong_pairs = 0;  ///< chosen pairs that the answer does not have
  double answer_mse = 0;        ///< on all rows
  PairingStudy pairing;         ///< rank 0 only
  WeightsLine line;             ///< pieces by their own indices; empty where there is none; rank 0 only
  std::vector<StartStudy> starts;
  SwapStudy swaps;
  TransitivityStudy transitivity;
  std::vector<RepairRound> repair;
  std::vector<SearchStudy> searches;
};

}  // namespace kintsugi
