#pragma once

#include <filesystem>
#include <string>

#include "core/study.hpp"

namespace kintsugi {

/// Facts of the run that are not part of the study proper; root attributes of analysis.h5.
struct StudyFacts {
  std::string problem;  ///< path as the user gave it
  std::string options;  ///< effective options, as --print-config prints them
  std::string version;
};

/// Writes analysis.h5 as a whole (see write_file_atomically). Not collective; rank 0 calls it. Pieces are named by
/// their own indices; blocks are numbered by their expand piece, ascending; positions count from 0; NaN: not known.
///   /pairing/expand, /pairing/compress [L] int32    pieces, ascending
///   /pairing/chosen [L] int32                       the column of each expand piece's partner
///   /pairing/traces [L] float64                     tr(W_out W_in) of the chosen pairs
///   /pairing/scores/<name> [L, L] float64           expand by compress; -infinity where shapes do not fit
///   /pairing/ranges [scores] compound               the fields of ScoreStudy that are numbers, by name
///   /pairing/closest [..] compound                  score_name and the fields of CloseCall
///   /seeds [S] compound                             name, direction (forward, reversed), mse, inversions, kendall_tau,
///                                                   rank_correlation; by mse
///   /seed_orders [S, L] int32                       blocks, first to last
///   /bradley_terry/gains [L, L] float64             SwapStudy::gains
///   /bradley_terry/strengths [L] float64, /bradley_terry/order [L] int32: positions in the seed; attributes seed,
///     exact, temperature, temperature_given, iterations, converged, seed_mse, mse, inversions, kendall_tau,
///     rank_correlation
///   /transitivity/cyclic [..] compound              a, b, c, weakest_margin
///   /transitivity/by_span [..] compound             span, triples, cyclic
///   /transitivity attributes triples, cyclic, mean_span_cyclic, mean_span_all, median_margin_cyclic,
///     median_margin_transitive
///   /repair [..] compound                           start, round, swaps, cumulative, mse
///   /searches [..] compound                         name, evaluations, mse, solved
/// Root attributes: format ("kintsugi-analysis"), format_version, problem, options, version, rows, work_rows, target,
/// pair_score, has_answer, wrong_pairs. No time stamps: equal content gives equal bytes. Throws UsageError where `path`
/// cannot be a file, InternalError where the disk does not take it.
void write_study(const std::filesystem::path& path, const Study& study, const StudyFacts& facts);

}  // namespace kintsugi
