#include "pairing/pairing.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "kintsugi/core/error.hpp"
#include "scores.hpp"

namespace kintsugi {

namespace pairing {

namespace {

// What `auto` looks at before it learns, the cheapest first.
constexpr std::array kPlainScores{PairScoreKind::signed_dominance, PairScoreKind::dominance, PairScoreKind::balance,
                                  PairScoreKind::combined};

Verdict decide_plain(Scores& scores, PairScoreKind kind) {
  Verdict verdict{kind, scores.of(kind), {}, {}};
  verdict.matching = match_groups(scores.candidates(), verdict.score);
  verdict.judgement = judge(scores.candidates(), verdict.score, verdict.matching, kind);
  return verdict;
}

bool all_trusted(const Verdict& verdict) {
  const auto chosen = std::count_if(verdict.matching.begin(), verdict.matching.end(), [](int j) { return j >= 0; });
  return verdict.judgement.trusted_count == static_cast<std::size_t>(chosen);
}

void keep_better(Verdict& best, Verdict other) {
  if (better(other.judgement, best.judgement)) best = std::move(other);
}

Verdict learn_from_all(Scores& scores, const std::vector<Matching>& starts) {
  Verdict best = learn(scores, starts.front());
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (std::find(starts.begin(), starts.begin() + static_cast<std::ptrdiff_t>(i), starts[i]) ==
        starts.begin() + static_cast<std::ptrdiff_t>(i)) {
      keep_better(best, learn(scores, starts[i]));
    }
  }
  return best;
}

Pairing to_pairing(const Roles& roles, const Verdict& verdict) {
  Pairing pairing;
  pairing.kind = verdict.kind;
  pairing.gap = verdict.judgement.gap;
  pairing.separation = verdict.judgement.separation;
  pairing.pairs.reserve(roles.expand.size());
  for (std::size_t i = 0; i < roles.expand.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    PairScore pair;
    pair.expand = roles.expand[i];
    pair.compress = roles.compress[static_cast<std::size_t>(verdict.matching[i])];
    pair.score = verdict.score(row, verdict.matching[i]);
    for (Eigen::Index j = 0; j < verdict.score.cols(); ++j) {
      const double score = verdict.score(row, j);
      if (j == verdict.matching[i] || score == -std::numeric_limits<double>::infinity()) continue;
      if (pair.runner_up >= 0 && score <= pair.runner_up_score) continue;
      pair.runner_up = roles.compress[static_cast<std::size_t>(j)];
      pair.runner_up_score = score;
    }
    if (pair.runner_up >= 0) pair.score_margin = pair.score - pair.runner_up_score;
    pair.trusted = verdict.judgement.trusted[i] != 0;
    pairing.trusted = pairing.trusted && pair.trusted;
    pairing.pairs.push_back(pair);
  }
  return pairing;
}

void check(const Roles& roles, const Candidates& candidates) {
  std::size_t rows = 0;
  for (const Group& group : candidates.groups()) {
    if (group.rows.size() != group.columns.size()) {
      throw InternalError("pairing: " + std::to_string(group.rows.size()) + " expand and " +
                          std::to_string(group.columns.size()) + " compress pieces of hidden size " +
                          std::to_string(group.hidden));
    }
    rows += group.rows.size();
  }
  if (rows != roles.expand.size() || rows != roles.compress.size()) {
    throw InternalError("pairing: a piece has no counterpart of its hidden size");
  }
}

}  // namespace

Verdict decide(Scores& scores, PairScoreKind kind) {
  if (kind != PairScoreKind::learned) return decide_plain(scores, kind);
  std::vector<Matching> starts;
  starts.reserve(kPlainScores.size());
  for (const PairScoreKind plain : kPlainScores) {
    starts.push_back(match_groups(scores.candidates(), scores.of(plain)));
  }
  return learn_from_all(scores, starts);
}

Verdict decide_best(Scores& scores) {
  std::vector<Matching> starts;
  Verdict best = decide_plain(scores, kPlainScores.front());
  starts.push_back(best.matching);
  for (const PairScoreKind kind : kPlainScores) {
    // The two dominances come from the same products; the others are measured only where these leave a doubt.
    if (kind == kPlainScores.front()) continue;
    if (kind != PairScoreKind::dominance && all_trusted(best)) return best;
    Verdict other = decide_plain(scores, kind);
    starts.push_back(other.matching);
    keep_better(best, std::move(other));
  }
  if (!all_trusted(best)) keep_better(best, learn_from_all(scores, starts));
  return best;
}

}  // namespace pairing

Pairing pair_by(const Network& network, const Roles& roles, PairScoreKind kind) {
  const pairing::Candidates candidates(network, roles.expand, roles.compress);
  pairing::check(roles, candidates);
  pairing::Scores scores(candidates);
  return pairing::to_pairing(roles, pairing::decide(scores, kind));
}

Pairing pair_pieces(const Network& network, const Roles& roles, std::string_view name) {
  if (name != "auto") return pair_by(network, roles, parse_pair_score(name));
  const pairing::Candidates candidates(network, roles.expand, roles.compress);
  pairing::check(roles, candidates);
  pairing::Scores scores(candidates);
  return pairing::to_pairing(roles, pairing::decide_best(scores));
}

}  // namespace kintsugi
