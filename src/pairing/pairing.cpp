#include "pairing/pairing.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/alike.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/scores.hpp"

namespace kintsugi {

namespace pairing {

namespace {

// What `auto` looks at before it learns, the cheapest first.
constexpr std::array kPlainScores{PairScoreKind::signed_dominance, PairScoreKind::dominance, PairScoreKind::balance,
                                  PairScoreKind::combined};

PairingResult decide_plain(Scores& scores, PairScoreKind kind) {
  PairingResult result{kind, scores.of(kind), {}, {}};
  result.matching = match_groups(scores.pairs(), result.score);
  result.quality = assess(scores.pairs(), result.score, result.matching, kind, scores.parameters().trust_level);
  return result;
}

bool all_trusted(const PairingResult& result) {
  const auto chosen = std::count_if(result.matching.begin(), result.matching.end(), [](int j) { return j >= 0; });
  return result.quality.trusted_count == static_cast<std::size_t>(chosen);
}

void keep_better(PairingResult& best, PairingResult other) {
  if (is_better(other.quality, best.quality)) best = std::move(other);
}

PairingResult learn_from_all(Scores& scores, const std::vector<Matching>& starts) {
  PairingResult best = learn(scores, starts.front());
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (std::find(starts.begin(), starts.begin() + static_cast<std::ptrdiff_t>(i), starts[i]) ==
        starts.begin() + static_cast<std::ptrdiff_t>(i)) {
      keep_better(best, learn(scores, starts[i]));
    }
  }
  return best;
}

/// Takes trust from pairs whose pieces have others that are nearly equal: scores go by chance on the faint difference.
/// Equal pieces stand for each other.
void doubt_near_copies(const Network& network, const PairingParameters& parameters, Pairing& pairing) {
  std::vector<std::span<const float>> weights;
  weights.reserve(network.pieces.size());
  for (const Piece& piece : network.pieces) weights.emplace_back(piece.weight);
  const Likeness alike(weights, parameters);
  const auto nearly_equal = [&](int a, int b) {
    const auto one = static_cast<std::size_t>(a);
    const auto other = static_cast<std::size_t>(b);
    return alike(one, other) && network.pieces[one].weight != network.pieces[other].weight;
  };
  for (std::size_t a = 0; a < pairing.pairs.size(); ++a) {
    for (std::size_t b = a + 1; b < pairing.pairs.size(); ++b) {
      PairScore& first = pairing.pairs[a];
      PairScore& second = pairing.pairs[b];
      if (!nearly_equal(first.expand, second.expand) && !nearly_equal(first.compress, second.compress)) continue;
      first.trusted = second.trusted = pairing.trusted = false;
    }
  }
}

Pairing to_pairing(const Network& network, const Roles& roles, const PairingParameters& parameters,
                   const PairingResult& result) {
  Pairing pairing;
  pairing.kind = result.kind;
  pairing.gap = result.quality.gap;
  pairing.separation = result.quality.separation;
  pairing.pairs.reserve(roles.expand.size());
  for (std::size_t i = 0; i < roles.expand.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    PairScore pair;
    pair.expand = roles.expand[i];
    pair.compress = roles.compress[static_cast<std::size_t>(result.matching[i])];
    pair.score = result.score(row, result.matching[i]);
    for (Eigen::Index j = 0; j < result.score.cols(); ++j) {
      const double score = result.score(row, j);
      if (j == result.matching[i] || score == -std::numeric_limits<double>::infinity()) continue;
      if (pair.runner_up >= 0 && score <= pair.runner_up_score) continue;
      pair.runner_up = roles.compress[static_cast<std::size_t>(j)];
      pair.runner_up_score = score;
    }
    if (pair.runner_up >= 0) pair.score_margin = pair.score - pair.runner_up_score;
    pair.trusted = result.quality.trusted[i] != 0;
    pairing.trusted = pairing.trusted && pair.trusted;
    pairing.pairs.push_back(pair);
  }
  doubt_near_copies(network, parameters, pairing);
  return pairing;
}

void check(const Roles& roles, const PairTable& pairs) {
  std::size_t rows = 0;
  for (const Group& group : pairs.groups()) {
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

PairingResult decide(Scores& scores, PairScoreKind kind) {
  if (kind != PairScoreKind::learned) return decide_plain(scores, kind);
  std::vector<Matching> starts;
  starts.reserve(kPlainScores.size());
  for (const PairScoreKind plain : kPlainScores) {
    starts.push_back(match_groups(scores.pairs(), scores.of(plain)));
  }
  return learn_from_all(scores, starts);
}

PairingResult decide_best(Scores& scores) {
  std::vector<Matching> starts;
  PairingResult best = decide_plain(scores, kPlainScores.front());
  starts.push_back(best.matching);
  for (const PairScoreKind kind : kPlainScores) {
    // The two dominances come from the same products; the others are measured only where these leave a pair untrusted.
    if (kind == kPlainScores.front()) continue;
    if (kind != PairScoreKind::dominance && all_trusted(best)) return best;
    PairingResult other = decide_plain(scores, kind);
    starts.push_back(other.matching);
    keep_better(best, std::move(other));
  }
  if (!all_trusted(best)) keep_better(best, learn_from_all(scores, starts));
  return best;
}

}  // namespace pairing

Pairing pair_by(const Network& network, const Roles& roles, PairScoreKind kind, const PairingParameters& parameters) {
  const pairing::PairTable pairs(network, roles.expand, roles.compress);
  pairing::check(roles, pairs);
  pairing::Scores scores(pairs, parameters);
  return pairing::to_pairing(network, roles, parameters, pairing::decide(scores, kind));
}

Pairing pair_pieces(const Network& network, const Roles& roles, std::string_view name,
                    const PairingParameters& parameters) {
  if (name != "auto") return pair_by(network, roles, parse_pair_score(name), parameters);
  const pairing::PairTable pairs(network, roles.expand, roles.compress);
  pairing::check(roles, pairs);
  pairing::Scores scores(pairs, parameters);
  return pairing::to_pairing(network, roles, parameters, pairing::decide_best(scores));
}

}  // namespace kintsugi
