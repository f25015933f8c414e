#include "cli/report_text.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/diagnosis.hpp"
#include "cli/solve_log.hpp"
#include "cli/text.hpp"
#include "core/certainty.hpp"

namespace kintsugi::cli {

namespace {

using report::Report;

constexpr std::size_t kMostLines = 10;

std::string exact(double value) { return std::isnan(value) ? "-" : format("%.4e", value); }

/// A line of how many neighbours are certain; none where that was not asked.
std::string describe_certainty(const Solution& solution) {
  const Certainty sure = certainty_of(solution);
  if (sure.of == 0) return "";
  if (!sure.of_answer) return "certain        nothing yet: this is not the answer\n";
  return format("certain        %zu of ", sure.certain) + count_of(sure.of, "neighbour") + "\n";
}

void print_result(std::ostream& out, const Report& report) {
  const Solution& solution = report.stored.solution;
  const RunFacts& facts = report.stored.facts;
  out << "solution       " << printable(report.path) << "\nproblem        " << printable(facts.problem)
      << "\nstatus         " << to_string(solution.status) << '\n'
      << (solution.status == Status::by_weights
              ? std::string("mse            not known: no prediction was used; the direction is open\n")
              : "mse            " + exact(solution.mse) +
                    (std::isnan(solution.largest_error) ? " on a sample of " : " on all ") +
                    count_of(solution.rows, "row") + " (target " + exact(solution.target) + ")\nlargest error  " +
                    exact(solution.largest_error) + "\n")
      << describe_certainty(solution) << format("evaluations    %lld\n", static_cast<long long>(solution.evaluations))
      << format("run            %s, %s, seed %llu, version ",
                count_of(static_cast<std::size_t>(facts.ranks), "rank").c_str(),
                count_of(static_cast<std::size_t>(facts.islands), "island").c_str(),
                static_cast<unsigned long long>(facts.seed))
      << printable(facts.version) << '\n';
  if (solution.times.total > 0) {
    out << format("time           %.3f s, of which search %.3f s\n", solution.times.total, solution.times.search);
  }
  for (const Finding& finding : solution.diagnosis) out << "found          " << printable(describe(finding)) << '\n';
  for (const std::string& warning : solution.warnings) out << "warning        " << printable(warning) << '\n';
}

void print_problem(std::ostream& out, const report::ProblemFigures& problem) {
  const std::vector<double>& predicted = problem.fit.prediction;
  double squares = 0;
  double largest = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double error = problem.fit.reconstruction[i] - predicted[i];
    squares += error * error;
    largest = std::max(largest, std::abs(error));
  }
  const double mse = predicted.empty() ? 0 : squares / static_cast<double>(predicted.size());
  if (problem.rows == 0) return;
  out << format("recomputed     mse %.4e, largest error %.4e on %zu of %zu rows, in float64\n", mse, largest,
                problem.fit.rows, problem.rows);
}

void print_starts(std::ostream& out, const Report& report) {
  const std::vector<StartOrder>& starts = report.stored.solution.starts;
  if (starts.empty()) return;
  out << "\nStarts, their error on the seeding sample, and inversions against the answer\n";
  TextTable table({"start", "mse", "inversions"});
  std::vector<int> identity(report.blocks.size());
  std::iota(identity.begin(), identity.end(), 0);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    table.add({starts[i].name, format("%.4e", starts[i].mse),
               std::to_string(kendall_distance(report.start_positions[i], identity))});
  }
  table.print(out);
}

void print_line(std::ostream& out, const Report& report) {
  if (!report.line || report.blocks.size() < 3) return;
  const WeightsLine& line = report.line->line;
  std::vector<int> identity(report.blocks.size());
  std::iota(identity.begin(), identity.end(), 0);
  out << '\n';
  for (const std::string& each : describe_line(line)) out << each << '\n';
  if (report.stored.solution.status != Status::by_weights)
    out << "against the answer, that line has " << kendall_distance(report.line->places, identity) << " inversions\n";
  TextTable table({"feature of the weights", "side", "smoothness along the line"});
  for (const FeatureSmoothness& each : line.features) table.add({each.name, each.side, number_text(each.smoothness)});
  table.print(out);
}

void print_pairs(std::ostream& out, const Report& report) {
  std::vector<PairScore> pairs = report.stored.solution.pairs;
  if (pairs.empty()) return;
  std::ranges::stable_sort(pairs, {}, &PairScore::score_margin);
  pairs.resize(std::min(pairs.size(), kMostLines));
  out << "\nPairs that stand out least\n";
  TextTable table({"expand", "compress", "score", "runner-up", "its score", "score margin", "trusted"});
  for (const PairScore& pair : pairs) {
    const bool rival = pair.runner_up >= 0;
    table.add({std::to_string(pair.expand), std::to_string(pair.compress), number_text(pair.score),
               rival ? std::to_string(pair.runner_up) : "-", rival ? number_text(pair.runner_up_score) : "-",
               number_text(pair.score_margin), pair.trusted ? "yes" : "no"});
  }
  table.print(out);
}

void print_margins(std::ostream& out, const Report& report) {
  std::vector<Margin> margins = report.stored.solution.margins;
  if (margins.empty()) {
    out << "\nHow sure neighbours are: this solution does not say.\n";
    return;
  }
  const auto interchangeable = std::ranges::count_if(margins, &Margin::interchangeable);
  std::ranges::stable_sort(margins, {}, &Margin::change);
  margins.resize(std::min(margins.size(), kMostLines));
  out << "\nNeighbours that are least sure (" << interchangeable << " interchangeable)\n";
  TextTable table({"positions", "rise of mse", "standard error", "z", "interchangeable"});
  for (const Margin& margin : margins) {
    table.add({std::to_string(margin.position) + ", " + std::to_string(margin.position + 1), number_text(margin.change),
               number_text(margin.standard_error), number_text(margin.z()), margin.interchangeable ? "yes" : "no"});
  }
  table.print(out);
}

void print_elites(std::ostream& out, const Report& report) {
  if (!report.elites || report.elites->mse.empty()) return;
  const std::size_t length = report.blocks.size();
  const std::size_t count = report.elites->mse.size();
  std::size_t agreed = 0;
  for (std::size_t t = 0; t < length; ++t) {
    bool all = true;
    for (std::size_t e = 0; e < count; ++e) all = all && report.elites->displacement[e * length + t] == 0;
    agreed += all ? 1 : 0;
  }
  out << format("\nThe best %zu orders agree with the answer at %zu of %zu positions.\n", count, agreed, length);
}

void print_ways(std::ostream& out, const std::vector<SearchStudy>& ways) {
  if (ways.empty()) return;
  out << "\nWays to the answer, and what they cost\n";
  TextTable table({"way", "evaluations", "mse", "solved"});
  for (const SearchStudy& way : ways)
    table.add({way.name, std::to_string(way.evaluations), number_text(way.mse), way.solved ? "yes" : "no"});
  table.print(out);
}

void print_analysis(std::ostream& out, const StoredAnalysis& analysis) {
  if (analysis.bradley_terry) {
    out << "\nBradley-Terry order from the swaps of " << analysis.bradley_terry->start << ": mse "
        << number_text(analysis.bradley_terry->mse) << " on all rows, at temperature "
        << number_text(analysis.bradley_terry->temperature) << '\n';
  }
  if (analysis.transitivity) {
    out << format("\n%lld of %lld triples are cyclic.\n", static_cast<long long>(analysis.transitivity->cyclic),
                  static_cast<long long>(analysis.transitivity->triples));
  }
  print_ways(out, analysis.searches);
  if (analysis.starts.empty()) return;
  out << "\nStarts of the study\n";
  TextTable table({"start", "direction", "mse", "inversions", "Kendall tau", "rank correlation"});
  for (const StartStudy& start : analysis.starts) {
    table.add({start.name, start.reversed ? "reversed" : "forward", number_text(start.mse),
               number_text(start.agreement.inversions), number_text(start.agreement.kendall_tau),
               number_text(start.agreement.rank_correlation)});
  }
  table.print(out);
}

}  // namespace

void print_report(std::ostream& out, const Report& report) {
  print_result(out, report);
  if (report.problem) print_problem(out, *report.problem);
  print_starts(out, report);
  print_line(out, report);
  print_pairs(out, report);
  print_margins(out, report);
  print_elites(out, report);
  if (report.analysis) print_analysis(out, *report.analysis);
  out << "\nsha256         " << report.stored.solution.sha256 << "\npermutation    "
      << format_permutation(report.stored.solution.permutation) << '\n';
}

std::string number_text(double value) { return std::isnan(value) ? "-" : format("%.4g", value); }

}  // namespace kintsugi::cli
