#include "cli/chosen_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pairing/pairing.hpp"

namespace kintsugi::cli {

namespace {

/// What the option --pairing was, by the effective options that the solution keeps; empty where they do not say.
std::string pairing_option(const std::string& options) {
  constexpr std::string_view kKey = "pairing = ";
  std::size_t line = 0;
  while (line < options.size()) {
    const std::size_t end = std::min(options.find('\n', line), options.size());
    const std::string_view text = std::string_view(options).substr(line, end - line);
    if (text.starts_with(kKey)) return std::string(text.substr(kKey.size()));
    line = end + 1;
  }
  return "";
}

/// The scores that may have chosen the pairs.
std::vector<PairScoreKind> candidate_kinds(const std::string& option) {
  for (const PairScoreKind kind : kPairScoreKinds) {
    if (to_string(kind) == option) return {kind};
  }
  return {PairScoreKind::signed_dominance, PairScoreKind::dominance, PairScoreKind::balance, PairScoreKind::combined,
          PairScoreKind::learned};
}

/// True where the table has what the solution has stored for its pairs and their runners-up: two scores may well agree
/// on the pairs alone.
bool agrees(const std::vector<double>& score, const std::vector<PairScore>& pairs) {
  constexpr double kTolerance = 1e-4;  // sums of float32 products, maybe on another processor
  const auto close = [](double a, double b) { return std::abs(a - b) <= kTolerance * (1 + std::abs(b)); };
  for (std::size_t t = 0; t < pairs.size(); ++t) {
    const double* const row = score.data() + t * pairs.size();
    if (!close(row[t], pairs[t].score)) return false;
    if (pairs[t].runner_up < 0) continue;
    double highest = -std::numeric_limits<double>::infinity();
    for (std::size_t column = 0; column < pairs.size(); ++column) {
      if (column != t) highest = std::max(highest, row[column]);
    }
    if (!close(highest, pairs[t].runner_up_score)) return false;
  }
  return true;
}

}  // namespace

report::ChosenScores find_chosen_scores(const StoredSolution& stored, const Network& network,
                                        const Assembly& assembly) {
  if (assembly.blocks.empty()) return {};
  std::vector<int> expand;
  std::vector<int> compress;
  for (const Block& block : assembly.blocks) {
    expand.push_back(block.expand);
    compress.push_back(block.compress);
  }
  std::optional<ScoreTable> first;
  for (const PairScoreKind kind : candidate_kinds(pairing_option(stored.facts.options))) {
    ScoreTable table{std::string(to_string(kind)), score_pairs(network, expand, compress, kind).score};
    if (agrees(table.score, stored.solution.pairs)) return {std::move(table), true};
    if (!first) first = std::move(table);
  }
  return {std::move(*first), false};
}

}  // namespace kintsugi::cli
