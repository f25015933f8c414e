#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/study_results.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"

namespace kintsugi {

/// Facts of the run that are not part of the study proper; root attributes of analysis.h5.
struct StudyFacts {
  std::string problem;  ///< path as the user gave it
  std::string options;  ///< effective options, as --print-config prints them
  std::string version;
  ProblemFingerprint fingerprint{};  ///< of the problem
  std::string revision{};            ///< the git commit that the program was built from
  std::string host{};                ///< of rank 0; this and the next two are empty with --no-times
  std::string date{};                ///< UTC: "2026-01-31T12:00:00Z"
  std::string launch{};              ///< the command line, and the batch job where there was one
};

/// Writes analysis.h5 as a whole (see write_file_atomically). Not collective; rank 0 calls it. Pieces are named by
/// their own indices; blocks are numbered by their expand piece, ascending; positions count from 0; NaN: not known.
///   /pairing/expand, /pairing/compress [L] int32    pieces, ascending
///   /pairing/chosen [L] int32                       the column of each expand piece's partner
///   /pairing/traces [L] float64                     tr(W_out W_in) of the chosen pairs
///   /pairing/scores/<name> [L, L] float64           expand by compress; -infinity where shapes do not fit
///   /pairing/ranges [scores] compound               the fields of ScoreStudy that are numbers, by name
///   /pairing/closest [..] compound                  score_name and the fields of CloseCall
///   /starts [S] compound                             name, direction (forward, reversed), mse, inversions,
///   kendall_tau,
///                                                   rank_correlation; by mse
///   /start_orders [S, L] int32                       blocks, first to last
///   /line, /line_features, attributes line_...     the line that the weights give; see io/weights_line_file.hpp
///   /bradley_terry/gains [L, L] float64             SwapStudy::gains
///   /bradley_terry/strengths [L] float64, /bradley_terry/order [L] int32: positions in the start; attributes start,
///     exact, temperature, temperature_given, iterations, converged, start_mse, mse, inversions, kendall_tau,
///     rank_correlation
///   /transitivity/cyclic [..] compound              a, b, c, weakest_margin
///   /transitivity/by_span [..] compound             span, triples, cyclic
///   /transitivity attributes triples, cyclic, mean_span_cyclic, mean_span_all, median_margin_cyclic,
///     median_margin_transitive
///   /repair [..] compound                           start, round, swaps, cumulative, mse
///   /searches [..] compound                         name, evaluations, mse, solved
/// Root attributes: format ("kintsugi-analysis"), format_version, problem, problem_weights, problem_rows,
/// problem_activation (its fingerprint), options, version, revision, host, date, launch, rows, work_rows, target,
/// pair_score, has_answer, wrong_pairs. No time stamps: equal content gives equal bytes. Throws UsageError where `path`
/// cannot be a file, InternalError where the disk does not take it.
void write_study(const std::filesystem::path& path, const Study& study, const StudyFacts& facts);

/// What an analysis.h5 has; a part that it lacks is left out.
struct StoredAnalysis {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::string path;
  std::vector<ScoreTable> scores;
  std::vector<StartStudy> starts;  ///< their orders are left empty
  struct BradleyTerry {
    std::vector<double> gains;      ///< [L x L], positions i < j in the study's start; 0 elsewhere
    std::vector<double> strengths;  ///< [L]
    std::vector<int> order;         ///< [L] positions in the start
    double temperature = 0;
    double mse = kNone;         ///< of that order, on all rows
    double inversions = kNone;  ///< of that order, against the answer
    std::string start;          ///< whose positions were swapped; empty where the file does not say
    std::vector<Block> blocks;  ///< [L] the start's, by the pieces' own indices; empty where the file does not say
  };
  std::optional<BradleyTerry> bradley_terry;
  struct Transitivity {
    std::int64_t triples = 0;
    std::int64_t cyclic = 0;
    std::vector<CyclicTriple> list;
    double mean_span_cyclic = kNone;  ///< of c - a
    double mean_span_all = kNone;
    double median_margin_cyclic = kNone;  ///< of the weakest margins
    double median_margin_transitive = kNone;
  };
  std::optional<Transitivity> transitivity;
  std::vector<RepairRound> repair;
  std::vector<SearchStudy> searches;
};

/// Reads an analysis.h5 of the network whose L blocks are `blocks`, by the pieces' own indices; tables of scores are
/// given in the order of `blocks`. Reads format_version 1 too, which calls starts seeds. Throws InputError that names
/// the file, the object and the rule: a part of the wrong shape is an error.
[[nodiscard]] StoredAnalysis read_analysis(const std::filesystem::path& path, const std::vector<Block>& blocks);

}  // namespace kintsugi
