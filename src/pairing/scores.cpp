#include "pairing/scores.hpp"

#include <cmath>
#include <string>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::string_view to_string(PairScoreKind kind) {
  switch (kind) {
    case PairScoreKind::dominance: return "dominance";
    case PairScoreKind::signed_dominance: return "signed_dominance";
    case PairScoreKind::diagonal_ratio: return "diagonal_ratio";
    case PairScoreKind::trace: return "trace";
    case PairScoreKind::asymmetry: return "asymmetry";
    case PairScoreKind::balance: return "balance";
    case PairScoreKind::combined: return "combined";
    case PairScoreKind::learned: return "learned";
  }
  throw InternalError("unknown pair score value");
}

PairScoreKind parse_pair_score(std::string_view name) {
  std::string known;
  for (const PairScoreKind kind : kPairScoreKinds) {
    if (to_string(kind) == name) return kind;
    known += ' ';
    known += to_string(kind);
  }
  throw UsageError("unknown pair score '" + std::string(name) + "'; known are:" + known);
}

PairMatrix score_pairs(const Network& network, std::span<const int> expand, std::span<const int> compress,
                       PairScoreKind kind, const PairingParameters& parameters) {
  const pairing::PairTable pairs(network, expand, compress);
  pairing::Scores scores(pairs, parameters);
  const pairing::Table table = kind == PairScoreKind::learned ? decide(scores, kind).score : scores.of(kind);
  return {
      {expand.begin(), expand.end()}, {compress.begin(), compress.end()}, {table.data(), table.data() + table.size()}};
}

}  // namespace kintsugi

namespace kintsugi::pairing {

namespace {

// a / b, and 0 where b is 0: a piece of zeros says nothing.
Table ratio(const Table& a, const Table& b) { return (b.array() > 0).select(a.array() / b.array(), 0.0); }

}  // namespace

const ProductStatistics& Scores::products() {
  if (!products_) products_ = measure_products(pairs_, parameters_.norm_rounding);
  return *products_;
}

const Table& Scores::balance() {
  if (!balance_) balance_ = measure_balance(pairs_);
  return *balance_;
}

Table Scores::standard_dominance() {
  return std::sqrt(static_cast<double>(pairs_.width())) * ratio(-products().trace, products().norm);
}

Table Scores::standard_balance() {
  Table result = balance();
  for (std::size_t i = 0; i < pairs_.rows(); ++i) {
    result.row(static_cast<Eigen::Index>(i)) *= std::sqrt(static_cast<double>(pairs_.hidden(i)) - 1);
  }
  return result;
}

Table Scores::raw(PairScoreKind kind) {
  switch (kind) {
    case PairScoreKind::dominance: return ratio(products().trace, products().norm).cwiseAbs();
    case PairScoreKind::signed_dominance: return ratio(-products().trace, products().norm);
    case PairScoreKind::diagonal_ratio: return measure_full_products(pairs_, ProductScore::diagonal_ratio);
    case PairScoreKind::trace: return -products().trace;
    case PairScoreKind::asymmetry: return measure_full_products(pairs_, ProductScore::asymmetry);
    case PairScoreKind::balance: return balance();
    case PairScoreKind::combined: return (standard_dominance() + standard_balance()) / std::sqrt(2.0);
    case PairScoreKind::learned: break;
  }
  throw InternalError("this score has no closed form");
}

Table Scores::of(PairScoreKind kind) { return pairs_.within_groups(raw(kind)); }

}  // namespace kintsugi::pairing
