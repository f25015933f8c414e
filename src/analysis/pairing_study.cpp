#include "analysis/pairing_study.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

namespace kintsugi {

namespace {

constexpr std::size_t kClosest = 3;

/// Widens [lowest, highest], which is NaN at first.
void include(double value, double& lowest, double& highest) {
  lowest = std::fmin(lowest, value);
  highest = std::fmax(highest, value);
}

/// For each expand piece of `matrix`, the column that is chosen; by `pairs`, in any order.
std::vector<int> chosen_columns(const PairMatrix& matrix, const std::vector<PairScore>& pairs) {
  std::map<int, int> column_of;
  for (std::size_t c = 0; c < matrix.compress.size(); ++c) column_of[matrix.compress[c]] = static_cast<int>(c);
  std::map<int, int> partner_of;
  for (const PairScore& pair : pairs) partner_of[pair.expand] = pair.compress;
  std::vector<int> columns;
  for (const int expand : matrix.expand) columns.push_back(column_of.at(partner_of.at(expand)));
  return columns;
}

/// The row (or column) is wrong where something scores better than what is chosen.
void count_wrong(const PairMatrix& matrix, const std::vector<int>& chosen, ScoreStudy& study) {
  std::vector<double> column_best(matrix.compress.size(), -HUGE_VAL);
  for (std::size_t e = 0; e < matrix.expand.size(); ++e) {
    double row_best = -HUGE_VAL;
    for (std::size_t c = 0; c < matrix.compress.size(); ++c) {
      row_best = std::max(row_best, matrix.at(e, c));
      column_best[c] = std::max(column_best[c], matrix.at(e, c));
    }
    if (row_best > matrix.at(e, static_cast<std::size_t>(chosen[e]))) ++study.wrong_rows;
  }
  for (std::size_t e = 0; e < matrix.expand.size(); ++e) {
    const auto c = static_cast<std::size_t>(chosen[e]);
    if (column_best[c] > matrix.at(e, c)) ++study.wrong_columns;
  }
}

ScoreStudy study_score(const PairMatrix& matrix, const std::vector<int>& chosen, std::string name) {
  ScoreStudy study;
  study.name = std::move(name);
  study.score = matrix.score;
  for (std::size_t e = 0; e < matrix.expand.size(); ++e) {
    const auto own = static_cast<std::size_t>(chosen[e]);
    CloseCall call{matrix.expand[e], matrix.compress[own], -1, matrix.at(e, own), -HUGE_VAL};
    for (std::size_t c = 0; c < matrix.compress.size(); ++c) {
      const double score = matrix.at(e, c);
      if (!std::isfinite(score)) continue;
      if (c == own) {
        include(score, study.chosen_lowest, study.chosen_highest);
        continue;
      }
      include(score, study.others_lowest, study.others_highest);
      if (score > call.rival_score) {
        call.rival = matrix.compress[c];
        call.rival_score = score;
      }
    }
    if (call.rival >= 0) study.closest.push_back(call);
  }
  std::ranges::stable_sort(study.closest, {}, [](const CloseCall& call) { return call.score - call.rival_score; });
  if (study.closest.size() > kClosest) study.closest.resize(kClosest);
  count_wrong(matrix, chosen, study);
  return study;
}

}  // namespace

PairingStudy study_pairing(const Network& network, const Roles& roles, const Pairing& pairing) {
  const auto index = [&](int position) { return network.index_of(position); };
  PairingStudy study;
  study.score = to_string(pairing.kind);
  study.untrusted = static_cast<std::size_t>(std::ranges::count(pairing.pairs, false, &PairScore::trusted));
  for (const int position : roles.expand) study.expand.push_back(index(position));
  for (const int position : roles.compress) study.compress.push_back(index(position));
  for (const PairScoreKind kind : kPairScoreKinds) {
    const PairMatrix matrix = score_pairs(network, roles.expand, roles.compress, kind);
    if (study.chosen.empty()) study.chosen = chosen_columns(matrix, pairing.pairs);
    ScoreStudy score = study_score(matrix, study.chosen, std::string(to_string(kind)));
    for (CloseCall& call : score.closest) {
      call = {index(call.expand), index(call.compress), index(call.rival), call.score, call.rival_score};
    }
    const std::vector<int> own = chosen_columns(matrix, pair_by(network, roles, kind).pairs);
    for (std::size_t e = 0; e < own.size(); ++e) {
      if (own[e] != study.chosen[e]) ++score.reassigned;
    }
    if (kind == PairScoreKind::trace) {
      for (std::size_t e = 0; e < study.chosen.size(); ++e) {
        study.traces.push_back(-matrix.at(e, static_cast<std::size_t>(study.chosen[e])));
      }
    }
    study.scores.push_back(std::move(score));
  }
  return study;
}

}  // namespace kintsugi
