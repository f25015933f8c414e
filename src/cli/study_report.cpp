#include "cli/study_report.hpp"

#include <algorithm>
#include <cmath>

#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kMostTriples = 10;

std::string number(const char* pattern, double value) {
  if (std::isnan(value)) return "-";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return format(pattern, value);
#pragma GCC diagnostic pop
}

std::string range(double lowest, double highest) {
  return std::isnan(lowest) ? "-" : format("%.4g to %.4g", lowest, highest);
}

/// The gap between the chosen and the others; positive where a threshold would tell them apart.
std::string gap(const ScoreStudy& score) { return number("%.4g", score.chosen_lowest - score.others_highest); }

std::vector<std::string> agreement_cells(const OrderAgreement& agreement) {
  return {number("%.0f", agreement.inversions), number("%.4f", agreement.kendall_tau),
          number("%.4f", agreement.rank_correlation)};
}

void print_pairing(std::ostream& out, const Study& study) {
  const PairingStudy& pairing = study.pairing;
  out << "Pairing: " << pairing.expand.size() << " pairs, chosen by " << pairing.score << "; " << pairing.untrusted
      << " that the weights do not single out";
  if (study.has_answer) out << "; " << study.wrong_pairs << " that the answer does not have";
  out << "\n  chosen, others: lowest to highest score of the chosen pairs and of all others; gap: lowest chosen less\n"
         "  highest other; wrong rows, columns: expand, compress pieces that score best with another piece than the\n"
         "  chosen one; reassigned: chosen pairs that the score's own best assignment does not have\n";
  TextTable table({"score", "chosen", "others", "gap", "wrong rows", "wrong columns", "reassigned"});
  for (const ScoreStudy& score : pairing.scores) {
    table.add({score.name, range(score.chosen_lowest, score.chosen_highest),
               range(score.others_lowest, score.others_highest), gap(score), std::to_string(score.wrong_rows),
               std::to_string(score.wrong_columns), std::to_string(score.reassigned)});
  }
  table.print(out);

  out << "\n  Closest calls: the pairs with the lowest margins over the expand piece's best other partner, the rival\n";
  TextTable calls({"score", "expand", "compress", "score", "rival", "rival's score", "score margin"});
  for (const ScoreStudy& score : pairing.scores) {
    for (const CloseCall& call : score.closest) {
      calls.add({score.name, std::to_string(call.expand), std::to_string(call.compress), format("%.4f", call.score),
                 std::to_string(call.rival), format("%.4f", call.rival_score),
                 format("%.4f", call.score - call.rival_score)});
    }
  }
  calls.print(out);
  const auto [lowest, highest] = std::ranges::minmax(pairing.traces);
  const auto negative = std::ranges::count_if(pairing.traces, [](double trace) { return trace < 0; });
  out << format("\n  tr(W_out W_in) of the chosen pairs: %.4g to %.4g, %td of %zu negative\n", lowest, highest,
                negative, pairing.traces.size());
}

void print_line(std::ostream& out, const Study& study) {
  if (study.line.features.empty()) return;
  out << "\nThe start seriation is the line that the weights alone give. ";
  out << format("Expand and compress pieces agree on it to %.3f (%.1f standard\n  errors; ", study.line.agreement,
                study.line.significance)
      << (study.line.trusted() ? format("places +-%.1f). ", study.line.places)
                               : format("%.1f are needed: not trusted). ", study.line.needed))
      << "Smoothness of each feature along it:\n";
  TextTable table({"feature", "side", "smoothness"});
  for (const FeatureSmoothness& each : study.line.features)
    table.add({each.name, each.side, format("%.3f", each.smoothness)});
  table.print(out);
}

void print_starts(std::ostream& out, const Study& study) {
  out << "\nStarts, worked out on the first " << study.work_rows << " rows\n"
      << "  mse: on all " << study.rows
      << " rows; inversions (pairs of blocks in the other order), Kendall's tau, rank\n"
         "  correlation: against the answer"
      << (study.has_answer ? "" : ", which is not given (--answer)") << '\n';
  TextTable table({"start", "direction", "mse", "inversions", "tau", "correlation"});
  for (const StartStudy& start : study.starts) {
    std::vector<std::string> cells{start.name, start.reversed ? "reversed" : "forward", format("%.4e", start.mse)};
    std::ranges::move(agreement_cells(start.agreement), std::back_inserter(cells));
    table.add(std::move(cells));
  }
  table.print(out);
  if (study.has_answer) out << format("  The answer itself: mse %.4e (float32)\n", study.answer_mse);
}

void print_swaps(std::ostream& out, const Study& study) {
  const SwapStudy& swaps = study.swaps;
  const std::size_t n = swaps.fit.order.size();
  const std::size_t pairs = n * (n - 1) / 2;
  std::size_t lower = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) lower += swaps.gains[i * n + j] < 0 ? 1U : 0U;
  }
  out << "\nSwaps of two positions of the start " << swaps.start << ", "
      << (swaps.exact ? "each evaluated exactly" : "screened to first order: not exact") << " on the first "
      << study.work_rows << " rows\n"
      << format("  start's mse there  %.6e\n", swaps.start_mse)
      << format("  swaps             %zu, of which %zu lower it\n", pairs, lower)
      << "\nBradley-Terry model of the start's positions: p(i before j) = 1 / (1 + exp(-g / T)), g the swap's rise of "
         "the "
         "mse\n"
      << format("  temperature T     %.6g, ", swaps.fit.temperature)
      << (swaps.temperature_given ? "given"
          : pairs > 0             ? "the median |g| of neighbours (--temperature sets it)"
                                  : "there are no neighbours to go by")
      << '\n'
      << format("  fit               by maximum likelihood, %d Newton steps", swaps.fit.iterations)
      << (swaps.fit.converged ? "" : ", NOT CONVERGED") << '\n'
      << format("  its order's mse   %.4e on all rows\n", swaps.fit_mse);
  if (study.has_answer) {
    const std::vector<std::string> cells = agreement_cells(swaps.fit_agreement);
    out << "  against answer    inversions " << cells[0] << ", tau " << cells[1] << ", rank correlation " << cells[2]
        << '\n';
  }
  if (swaps.screened && pairs > 0) {
    out << "  first-order screen of the same swaps: same sign in " << number("%.1f", 100 * swaps.screen.same_sign)
        << " %, correlation " << number("%.4f", swaps.screen.correlation)
        << format("; its Bradley-Terry order: mse %.4e,\n  %lld inversions against the exact one's\n",
                  swaps.screen.fit_mse, static_cast<long long>(swaps.screen.fit_distance));
  }
}

void print_transitivity(std::ostream& out, const Study& study) {
  const TransitivityStudy& triples = study.transitivity;
  out << "\nTransitivity: triples of positions whose gains say a before b, b before c and c before a\n"
      << format("  cyclic            %zu of %lld (%.3f %%; a quarter if the signs were drawn by lot)\n",
                triples.cyclic.size(), static_cast<long long>(triples.triples),
                triples.triples > 0
                    ? 100.0 * static_cast<double>(triples.cyclic.size()) / static_cast<double>(triples.triples)
                    : 0.0)
      << format("  mean span c - a   %.2f positions of the cyclic, %.2f of all\n", triples.mean_span_cyclic,
                triples.mean_span_all)
      << "  weakest margin    (least |g| of a triple's three) median " << number("%.3e", triples.median_margin_cyclic)
      << " of the cyclic, " << number("%.3e", triples.median_margin_transitive) << " of the others\n";
  if (triples.cyclic.empty()) return;

  out << "\n  By span: how many reach that far, and how many of them are cyclic\n";
  TextTable spans({"span", "triples", "cyclic"});
  for (const SpanCount& count : triples.by_span) {
    if (count.cyclic == 0) continue;
    spans.add({std::to_string(count.span), std::to_string(count.triples), std::to_string(count.cyclic)});
  }
  spans.print(out);

  std::vector<CyclicTriple> strongest = triples.cyclic;
  std::ranges::stable_sort(strongest, std::greater<>(), &CyclicTriple::weakest_margin);
  if (strongest.size() > kMostTriples) strongest.resize(kMostTriples);
  out << "\n  The strongest contradictions: positions in the start, from 0, and the least |g| of the three\n";
  TextTable table({"a", "b", "c", "weakest margin"});
  for (const CyclicTriple& triple : strongest) {
    table.add({std::to_string(triple.a), std::to_string(triple.b), std::to_string(triple.c),
               format("%.3e", triple.weakest_margin)});
  }
  table.print(out);
}

void print_repair(std::ostream& out, const Study& study) {
  if (study.repair.empty()) return;
  out << "\nBubble repair: forward sweeps over the first " << study.work_rows
      << " rows, every exchange of neighbours that lowers the error is kept\n"
         "  swaps: of the round, cumulative: so far, mse: behind the round, on all rows\n";
  TextTable table({"start", "round", "swaps", "cumulative", "mse"});
  for (const RepairRound& round : study.repair) {
    table.add({round.round == 1 ? round.start : "", std::to_string(round.round), std::to_string(round.swaps),
               std::to_string(round.cumulative), format("%.4e", round.mse)});
  }
  table.print(out);
}

void print_searches(std::ostream& out, const Study& study) {
  if (study.searches.empty()) return;
  out << "\nWays to the answer, beside each other; the searches start at " << study.swaps.start
      << format("; solved: mse at most %.3e\n", study.target)
      << "  evaluations: of the whole network until solved, else in all, in parts of it added up, each on the way's "
         "own\n  sample of rows; mse: at its end, on all rows; all searches but bubble begin with one and the same "
         "descent\n";
  TextTable table({"way", "evaluations", "mse", "solved"});
  for (const SearchStudy& search : study.searches) {
    table.add(
        {search.name, std::to_string(search.evaluations), format("%.4e", search.mse), search.solved ? "yes" : "no"});
  }
  table.print(out);
}

}  // namespace

void print_study(std::ostream& out, const Study& study) {
  print_pairing(out, study);
  print_starts(out, study);
  print_line(out, study);
  print_swaps(out, study);
  print_transitivity(out, study);
  print_repair(out, study);
  print_searches(out, study);
}

}  // namespace kintsugi::cli
