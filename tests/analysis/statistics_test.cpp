#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "analysis/bradley_terry.hpp"
#include "analysis/order_agreement.hpp"
#include "analysis/transitivity.hpp"
#include "core/random.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// [n x n] with random gains above the diagonal.
std::vector<double> random_gains(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> gains(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) gains[i * n + j] = random.normal();
  }
  return gains;
}

TEST(BradleyTerry, TwoAreAsFarApartAsTheLabelSays) {
  const BradleyTerryFit fit = fit_bradley_terry(std::vector<double>{0.0, -1.0, 0.0, 0.0}, 2, 0.5);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.strengths[0] - fit.strengths[1], -2, 1e-12);
  EXPECT_NEAR(fit.strengths[0] + fit.strengths[1], 0, 1e-12);
  EXPECT_EQ(fit.order, (std::vector{1, 0}));
  EXPECT_EQ(fit.temperature, 0.5);
}

TEST(BradleyTerry, LabelsThatFitGiveTheirStrengths) {
  const std::vector<double> strengths{1.5, -2, 0.25, 0.25, 3, -3};
  const std::size_t n = strengths.size();
  std::vector<double> gains(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) gains[i * n + j] = 0.01 * (strengths[i] - strengths[j]);
  }
  const BradleyTerryFit fit = fit_bradley_terry(gains, n, 0.01);
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(fit.strengths[i], strengths[i], 1e-9);
  EXPECT_EQ(fit.order, (std::vector{4, 0, 2, 3, 1, 5}));
}

// g_01 = ln 29, the others 0. The likelihood is stationary where p_01 + p_02 = P_01 + P_02; with strengths x, -x, 0
// (exchanging 0 and 1 turns all labels round), 29/30 + 1/2 = 1 / (1 + e^-2x) + 1 / (1 + e^-x), which x = ln 2 solves.
TEST(BradleyTerry, ContradictingLabelsByHand) {
  const BradleyTerryFit fit = fit_bradley_terry(std::vector<double>{0, std::log(29.0), 0, 0, 0, 0, 0, 0, 0.0}, 3, 1);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.strengths[0], std::log(2.0), 1e-12);
  EXPECT_NEAR(fit.strengths[1], -std::log(2.0), 1e-12);
  EXPECT_NEAR(fit.strengths[2], 0, 1e-12);
  EXPECT_EQ(fit.order, (std::vector{0, 2, 1}));
}

TEST(BradleyTerry, ACycleIsATie) {
  const BradleyTerryFit fit = fit_bradley_terry(std::vector<double>{0, 1, -1, 0, 0, 1, 0, 0, 0.0}, 3, 1);
  for (const double strength : fit.strengths) EXPECT_NEAR(strength, 0, 1e-12);
}

double log_likelihood(const std::vector<double>& gains, std::size_t n, double temperature,
                      const std::vector<double>& strengths) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double label = 1 / (1 + std::exp(-gains[i * n + j] / temperature));
      const double model = 1 / (1 + std::exp(strengths[j] - strengths[i]));
      sum += label * std::log(model) + (1 - label) * std::log(1 - model);
    }
  }
  return sum;
}

TEST(BradleyTerry, NoStrengthCanBeChangedForTheBetter) {
  constexpr std::size_t kN = 12;
  for (const double temperature : {0.2, 1.0, 5.0}) {
    const std::vector<double> gains = random_gains(kN, 3);
    const BradleyTerryFit fit = fit_bradley_terry(gains, kN, temperature);
    const double best = log_likelihood(gains, kN, temperature, fit.strengths);
    for (std::size_t i = 0; i < kN; ++i) {
      for (const double step : {-1e-3, 1e-3}) {
        std::vector<double> moved = fit.strengths;
        moved[i] += step;
        EXPECT_LT(log_likelihood(gains, kN, temperature, moved), best) << temperature << ' ' << i;
      }
    }
    EXPECT_TRUE(std::ranges::is_sorted(fit.order, std::greater<>(),
                                       [&](int p) { return fit.strengths[static_cast<std::size_t>(p)]; }));
  }
}

TEST(BradleyTerry, CertainLabelsStayFinite) {
  constexpr std::size_t kN = 20;
  std::vector<double> gains(kN * kN, 0.0);
  for (std::size_t i = 0; i < kN; ++i) {
    for (std::size_t j = i + 1; j < kN; ++j) gains[i * kN + j] = j % 3 == 0 ? -kInfinity : -1e6;
  }
  const BradleyTerryFit fit = fit_bradley_terry(gains, kN, 1e-6);
  EXPECT_TRUE(fit.converged);
  for (std::size_t p = 0; p < kN; ++p) {
    EXPECT_TRUE(std::isfinite(fit.strengths[p]));
    EXPECT_EQ(fit.order[p], static_cast<int>(kN - 1 - p));
  }
}

TEST(BradleyTerry, RefusesWhatHasNoLabels) {
  EXPECT_THROW(static_cast<void>(fit_bradley_terry(std::vector<double>{0, NAN, 0, 0.0}, 2, 1)), InputError);
  EXPECT_THROW(static_cast<void>(fit_bradley_terry(std::vector<double>{0, 1, 0, 0.0}, 2, 0)), UsageError);
  EXPECT_THROW(static_cast<void>(fit_bradley_terry(std::vector<double>{0, 1, 0, 0.0}, 2, NAN)), UsageError);
}

TEST(BradleyTerry, TemperatureIsTheNeighboursMedian) {
  EXPECT_EQ(choose_temperature(std::vector<double>{0, -3, 9, 9, 0, 0, 1, 9, 0, 0, 0, 2, 0, 0, 0, 0}, 4), 2);
  EXPECT_EQ(choose_temperature(std::vector<double>{0, 0, 5, 0, 0, 0, 0, 0, 0}, 3), 5);
  EXPECT_EQ(choose_temperature(std::vector<double>(9, 0.0), 3), 1);
  EXPECT_EQ(choose_temperature(std::vector<double>{0, kInfinity, 7, 0, 0, -4, 0, 0, 0}, 3), 4);
}

/// Whether some order of the three has every pair as the gains want it: looked for among all six.
bool has_an_order(const std::vector<double>& gains, std::size_t n, std::array<std::size_t, 3> triple) {
  const auto before = [&](std::size_t a, std::size_t b) {
    return a < b ? gains[a * n + b] >= 0 : !(gains[b * n + a] >= 0);
  };
  std::ranges::sort(triple);
  do {
    if (before(triple[0], triple[1]) && before(triple[1], triple[2]) && before(triple[0], triple[2])) return true;
  } while (std::ranges::next_permutation(triple).found);
  return false;
}

TEST(Transitivity, EqualsLookingForAnOrderOfEveryTriple) {
  for (const std::size_t n : {3U, 4U, 9U, 16U}) {
    const std::vector<double> gains = random_gains(n, 10 + n);
    const TransitivityStudy study = study_transitivity(gains, n);
    std::vector<std::array<std::size_t, 3>> expected;
    std::vector<std::int64_t> spans(n, 0);
    std::int64_t triples = 0;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a + 1; b < n; ++b) {
        for (std::size_t c = b + 1; c < n; ++c) {
          ++triples;
          if (has_an_order(gains, n, {a, b, c})) continue;
          expected.push_back({a, b, c});
          ++spans[c - a];
        }
      }
    }
    EXPECT_EQ(study.triples, triples);
    ASSERT_EQ(study.cyclic.size(), expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      const auto [a, b, c] = expected[t];
      const CyclicTriple& found = study.cyclic[t];
      EXPECT_EQ((std::array{found.a, found.b, found.c}),
                (std::array{static_cast<int>(a), static_cast<int>(b), static_cast<int>(c)}));
      EXPECT_EQ(found.weakest_margin,
                std::min({std::fabs(gains[a * n + b]), std::fabs(gains[b * n + c]), std::fabs(gains[a * n + c])}));
    }
    std::int64_t counted = 0;
    for (const SpanCount& count : study.by_span) {
      EXPECT_EQ(count.cyclic, spans[static_cast<std::size_t>(count.span)]);
      counted += count.triples;
    }
    EXPECT_EQ(counted, triples);
  }
}

TEST(Transitivity, SpansAndMarginsByHand) {
  // 0 < 1 < 2 < 3, but 3 before 0: the triples 0 1 3 and 0 2 3 contradict themselves.
  const std::vector<double> gains{0, 1, 2, -0.25, 0, 0, 3, 4, 0, 0, 0, 0.125, 0, 0, 0, 0};
  const TransitivityStudy study = study_transitivity(gains, 4);
  ASSERT_EQ(study.cyclic.size(), 2U);
  EXPECT_EQ(study.cyclic[0].weakest_margin, 0.25);
  EXPECT_EQ(study.cyclic[1].weakest_margin, 0.125);
  EXPECT_EQ(study.mean_span_cyclic, 3);
  EXPECT_EQ(study.mean_span_all, 2.5);
  EXPECT_EQ(study.median_margin_cyclic, 0.1875);
  EXPECT_EQ(study.median_margin_transitive, (1 + 0.125) / 2);
}

TEST(Transitivity, TooFewToContradict) {
  const TransitivityStudy study = study_transitivity(std::vector<double>{0, 1, 0, 0}, 2);
  EXPECT_EQ(study.triples, 0);
  EXPECT_TRUE(study.cyclic.empty() && study.by_span.empty());
  EXPECT_TRUE(std::isnan(study.median_margin_cyclic));
}

TEST(OrderAgreement, ByHand) {
  const OrderAgreement agreement = order_agreement(std::vector{2, 0, 1});
  EXPECT_EQ(agreement.inversions, 2);
  EXPECT_DOUBLE_EQ(agreement.kendall_tau, -1.0 / 3);
  EXPECT_DOUBLE_EQ(agreement.rank_correlation, -0.5);
}

TEST(OrderAgreement, Extremes) {
  std::vector<int> places(30);
  std::iota(places.begin(), places.end(), 0);
  EXPECT_EQ(order_agreement(places).inversions, 0);
  EXPECT_EQ(order_agreement(places).kendall_tau, 1);
  EXPECT_EQ(order_agreement(places).rank_correlation, 1);
  std::ranges::reverse(places);
  EXPECT_EQ(order_agreement(places).inversions, 435);
  EXPECT_DOUBLE_EQ(order_agreement(places).kendall_tau, -1);
  EXPECT_DOUBLE_EQ(order_agreement(places).rank_correlation, -1);
}

TEST(OrderAgreement, BlocksWithoutAPlaceAreLeftOut) {
  const OrderAgreement whole = order_agreement(std::vector{2, 0, 1});
  const OrderAgreement part = order_agreement(std::vector{-1, 9, 3, -1, 5});
  EXPECT_EQ(part.inversions, whole.inversions);
  EXPECT_EQ(part.kendall_tau, whole.kendall_tau);
  EXPECT_EQ(part.rank_correlation, whole.rank_correlation);
  EXPECT_EQ(order_agreement(std::vector{-1, 4}).kendall_tau, 1);
}

}  // namespace
}  // namespace kintsugi
