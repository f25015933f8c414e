#include "cli/verdict.hpp"

#include <algorithm>

#include "cli/diagnosis.hpp"
#include "cli/solve_log.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "core/certainty.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kTextAt = 13;

Paint paint_of(const Solution& solution) {
  switch (solution.status) {
    case Status::solved:
    case Status::precision:
    case Status::noise: return Paint::good;
    case Status::by_weights: return solution.line.trusted() ? Paint::good : Paint::doubtful;
    case Status::reproduced: return Paint::doubtful;
    case Status::not_solved:
    case Status::time_limit:
    case Status::evaluations:
    case Status::interrupted:
    case Status::unfinished: return Paint::bad;
  }
  return Paint::none;
}

std::string pairs_fact(const Solution& solution) {
  std::size_t trusted = 0;
  for (const PairScore& pair : solution.pairs) trusted += pair.trusted ? 1 : 0;
  return format("%zu of %zu pairs are singled out by the weights", trusted, solution.pairs.size());
}

std::string cost_fact(const Solution& solution, const SolveHeader& header, bool times) {
  std::string text = format("%lld evaluations", static_cast<long long>(solution.evaluations));
  if (times) {
    text += format(" in %.3g s on ", solution.times.total) + count_of(static_cast<std::size_t>(header.ranks), "rank");
  }
  return text;
}

}  // namespace

std::string fact_text(const Fact& fact, std::size_t columns, bool colour) {
  const std::string text = printable(fact.text);
  std::vector<std::string> lines{text};
  constexpr std::size_t kLeast = 20;
  if (columns > 0) lines = wrap(text, std::max(columns, kTextAt + kLeast) - kTextAt);
  std::string shown = fact.label + std::string(kTextAt - std::min(fact.label.size(), kTextAt - 1), ' ');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) shown.append("\n").append(kTextAt, ' ');
    shown += painted(lines[i], colour ? fact.paint : Paint::none);
  }
  return shown;
}

std::vector<Fact> verdict(const Solution& solution, const SolveEnding& ending, const SolveHeader& header, bool times) {
  std::vector<Fact> facts{{"verdict", describe_status(solution), paint_of(solution)}};
  if (solution.status != Status::by_weights) facts.push_back({"error", describe_error(solution)});
  if (!solution.pairs.empty()) facts.push_back({"pairs", pairs_fact(solution)});
  const Certainty sure = certainty_of(solution);
  if (sure.of_answer && sure.of > 0)
    facts.push_back({"order", format("%zu of %zu neighbours are in a certain order", sure.certain, sure.of)});
  for (const Finding& finding : solution.diagnosis) {
    if (finding.kind == "copies") {
      facts.push_back({"copies", finding.evidence});
    } else {
      facts.push_back({"found", describe(finding)});
    }
  }
  facts.push_back({"cost", cost_fact(solution, header, times)});
  facts.insert(facts.end(), ending.facts.begin(), ending.facts.end());
  if (ending.facts.empty() && !ending.written.empty()) facts.push_back({"written", ending.written});
  return facts;
}

std::string typed(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (printable(text) != text) return std::string("$'").append(printable(text)).append("'");
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:+@%=";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

}  // namespace kintsugi::cli
