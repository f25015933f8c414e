#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/made_network.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi {
namespace {

using testing::MadeNetwork;
using testing::MadeOptions;

// P = W_out W_in, [d x d], by plain loops in float64.
std::vector<double> product(const Piece& compress, const Piece& expand) {
  const std::size_t d = expand.in;
  std::vector<double> p(d * d, 0);
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t j = 0; j < expand.out; ++j) {
      const double w = compress.weight[a * compress.in + j];
      for (std::size_t b = 0; b < d; ++b) p[a * d + b] += w * static_cast<double>(expand.weight[j * d + b]);
    }
  }
  return p;
}

// Upper tail of the normal distribution, inverted by bisection.
double quantile(double p) {
  double low = -10;
  double high = 10;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::vector<double> normal_scores(const std::vector<double>& values) {
  std::vector<double> quantiles;
  for (std::size_t r = 0; r < values.size(); ++r) {
    quantiles.push_back(quantile((static_cast<double>(r) + 0.5) / static_cast<double>(values.size())));
  }
  std::vector<double> scores;
  for (const double x : values) {
    const auto below = std::count_if(values.begin(), values.end(), [&](double y) { return y < x; });
    const auto equal = std::count(values.begin(), values.end(), x);
    const auto first = quantiles.begin() + below;
    scores.push_back(std::accumulate(first, first + equal, 0.0) / static_cast<double>(equal));
  }
  return scores;
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {  // normal scores have mean 0
    xy += x[i] * y[i];
    xx += x[i] * x[i];
    yy += y[i] * y[i];
  }
  return xx * yy > 1e-12 ? xy / std::sqrt(xx * yy) : 0;
}

// Normal scores of the hidden units: of the rows of an expand piece, or the columns of a compress piece.
std::vector<double> unit_scores(const Piece& piece, bool expand) {
  std::vector<double> squares(expand ? piece.out : piece.in, 0);
  for (std::size_t i = 0; i < piece.weight.size(); ++i) {
    squares[expand ? i / piece.in : i % piece.in] += std::pow(static_cast<double>(piece.weight[i]), 2);
  }
  return normal_scores(squares);
}

// All scores of one pair that have a closed form.
std::map<PairScoreKind, double> reference(const Piece& expand, const Piece& compress, double balance) {
  const std::vector<double> p = product(compress, expand);
  const std::size_t d = expand.in;
  const auto size = static_cast<double>(d);
  double trace = 0;
  double square = 0;
  double skew = 0;
  double diagonal = 0;
  double rest = 0;
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t b = 0; b < d; ++b) {
      const double x = p[a * d + b];
      square += x * x;
      skew += (x - p[b * d + a]) * (x - p[b * d + a]);
      (a == b ? diagonal : rest) += std::abs(x);
      if (a == b) trace += x;
    }
  }
  const double norm = std::sqrt(square);
  return {
      {PairScoreKind::dominance, std::abs(trace) / norm},
      {PairScoreKind::signed_dominance, -trace / norm},
      {PairScoreKind::diagonal_ratio, (diagonal / size) / (rest / (size * (size - 1)))},
      {PairScoreKind::trace, -trace},
      {PairScoreKind::asymmetry, 1 - std::sqrt(skew) / (2 * norm)},
      {PairScoreKind::balance, balance},
      {PairScoreKind::combined,
       (-trace / norm * std::sqrt(size) + balance * std::sqrt(static_cast<double>(expand.out) - 1)) / std::sqrt(2.0)}};
}

void expect_reference(const MadeNetwork& made) {
  const Roles& roles = made.roles;
  std::map<PairScoreKind, PairMatrix> matrices;
  for (const PairScoreKind kind : kPairScoreKinds) {
    if (kind == PairScoreKind::learned) continue;
    const PairMatrix& matrix = matrices[kind] = score_pairs(made.network, roles.expand, roles.compress, kind);
    ASSERT_EQ(matrix.score.size(), roles.expand.size() * roles.compress.size());
    EXPECT_EQ(matrix.expand, roles.expand);
    EXPECT_EQ(matrix.compress, roles.compress);
  }
  std::map<int, std::vector<double>> units;
  for (const int e : roles.expand) units[e] = unit_scores(made.network.pieces[static_cast<std::size_t>(e)], true);
  for (const int c : roles.compress) units[c] = unit_scores(made.network.pieces[static_cast<std::size_t>(c)], false);
  for (std::size_t i = 0; i < roles.expand.size(); ++i) {
    for (std::size_t j = 0; j < roles.compress.size(); ++j) {
      const Piece& expand = made.network.pieces[static_cast<std::size_t>(roles.expand[i])];
      const Piece& compress = made.network.pieces[static_cast<std::size_t>(roles.compress[j])];
      if (expand.out != compress.in) {
        for (const auto& [kind, matrix] : matrices) {
          EXPECT_EQ(matrix.at(i, j), -std::numeric_limits<double>::infinity());
        }
        continue;
      }
      const double balance = correlation(units[roles.expand[i]], units[roles.compress[j]]);
      for (const auto& [kind, expected] : reference(expand, compress, balance)) {
        EXPECT_NEAR(matrices[kind].at(i, j), expected, 2e-5 * std::max(1.0, std::abs(expected)))
            << to_string(kind) << " of " << expand.source << " and " << compress.source;
      }
    }
  }
}

TEST(PairScores, EqualPlainLoopsForSeveralHiddenSizes) {
  // 37 and 70 are not multiples of the rows of a Gram matrix that are formed at a time.
  expect_reference(
      testing::make_network({.blocks = 9, .width = 13, .hidden = {37, 70, 5}, .dominance = 0.5, .balance = 0.4}));
}

TEST(PairScores, EqualPlainLoopsAcrossSlabs) {
  // More weights than one slab of the flattened pieces takes, and more products than one slab of products.
  expect_reference(testing::make_network({.blocks = 13, .width = 40, .hidden = {300}, .dominance = 0.3}));
}

TEST(PairScores, WidthOfOne) {
  const MadeNetwork made = testing::make_network({.blocks = 3, .width = 1, .hidden = {4}});
  const PairMatrix matrix =
      score_pairs(made.network, made.roles.expand, made.roles.compress, PairScoreKind::diagonal_ratio);
  for (const double s : matrix.score) EXPECT_EQ(s, 0) << "there is nothing off the diagonal";
}

TEST(PairScores, DoNotDependOnAPiecesScale) {
  MadeNetwork made = testing::make_network({.blocks = 6, .dominance = 0.4, .balance = 0.3});
  for (const PairScoreKind kind :
       {PairScoreKind::dominance, PairScoreKind::signed_dominance, PairScoreKind::diagonal_ratio,
        PairScoreKind::asymmetry, PairScoreKind::balance, PairScoreKind::combined}) {
    Network scaled = made.network;
    Random random(5);
    for (Piece& piece : scaled.pieces) {
      const auto factor = static_cast<float>(std::exp(3 * random.normal()));
      for (float& w : piece.weight) w *= factor;
    }
    const PairMatrix before = score_pairs(made.network, made.roles.expand, made.roles.compress, kind);
    const PairMatrix after = score_pairs(scaled, made.roles.expand, made.roles.compress, kind);
    for (std::size_t i = 0; i < before.score.size(); ++i) {
      EXPECT_NEAR(before.score[i], after.score[i], 1e-4) << to_string(kind);
    }
  }
}

TEST(PairScores, APieceOfZerosScoresZero) {
  MadeNetwork made = testing::make_network({.blocks = 4, .dominance = 0.5});
  std::vector<float>& weight = made.network.pieces[static_cast<std::size_t>(made.roles.compress[2])].weight;
  std::fill(weight.begin(), weight.end(), 0.0F);
  for (const PairScoreKind kind : kPairScoreKinds) {
    const PairMatrix matrix = score_pairs(made.network, made.roles.expand, made.roles.compress, kind);
    for (const double s : matrix.score) EXPECT_TRUE(std::isfinite(s)) << to_string(kind);
    if (kind == PairScoreKind::learned) continue;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(matrix.at(i, 2), 0) << to_string(kind);
  }
}

TEST(PairScores, BalanceOfTiedUnitsIsZero) {
  // All columns of W_out have the same norm: their order says nothing, and must not pass for one.
  MadeNetwork made = testing::make_network({.blocks = 3, .width = 4, .hidden = {8}});
  for (const int c : made.roles.compress) {
    std::vector<float>& weight = made.network.pieces[static_cast<std::size_t>(c)].weight;
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = (i % 3 == 0) ? -0.5F : 0.5F;
  }
  const PairMatrix matrix = score_pairs(made.network, made.roles.expand, made.roles.compress, PairScoreKind::balance);
  for (const double s : matrix.score) EXPECT_EQ(s, 0);
}

TEST(PairScores, NamesAreReadBack) {
  for (const PairScoreKind kind : kPairScoreKinds) EXPECT_EQ(parse_pair_score(to_string(kind)), kind);
  try {
    (void)parse_pair_score("cosine");
    FAIL() << "an unknown name was taken";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("cosine"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("signed_dominance"), std::string::npos);
  }
}

}  // namespace
}  // namespace kintsugi
