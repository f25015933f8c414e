#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// Scores of a pair (expand e, compress c) from P = W_out(c) W_in(e), [d x d]. Higher means more likely a pair.
enum class PairScoreKind {
  dominance,         ///< |tr P| / ||P||_F (the published solvers' diagonal dominance ratio)
  signed_dominance,  ///< -tr P / ||P||_F: training leaves a negative diagonal
  diagonal_ratio,    ///< mean |P_ii| / mean |P_ij|, i != j
  trace,             ///< -tr P
  asymmetry,         ///< 1 - ||P - P^T||_F / (2 ||P||_F)
};

inline constexpr PairScoreKind kPairScoreKinds[] = {PairScoreKind::dominance, PairScoreKind::signed_dominance,
                                                    PairScoreKind::diagonal_ratio, PairScoreKind::trace,
                                                    PairScoreKind::asymmetry};

[[nodiscard]] std::string_view to_string(PairScoreKind kind);
/// Throws UsageError that lists the known names.
[[nodiscard]] PairScoreKind parse_pair_score(std::string_view name);

/// Scores of all pairs: row-major [expand.size() x compress.size()], in the order of the two lists given.
/// Pairs whose hidden sizes differ score -infinity.
struct PairMatrix {
  std::vector<int> expand;    ///< positions in Network::pieces
  std::vector<int> compress;  ///< positions in Network::pieces
  std::vector<double> score;
  [[nodiscard]] double at(std::size_t e, std::size_t c) const { return score[e * compress.size() + c]; }
};

/// All pairs' scores, from a few large matrix products (no product per pair, but for `diagonal_ratio`, whose absolute values have none).
/// Not collective.
[[nodiscard]] PairMatrix score_pairs(const Network& network, std::span<const int> expand, std::span<const int> compress,
                                     PairScoreKind kind);

/// The assignment of rows to columns that maximises the sum of `score` [rows x columns, rows <= columns], exactly
/// (Jonker and Volgenant, Computing 38, 1987: shortest augmenting paths). -infinity forbids a pair.
/// Returns the column of each row. Throws InputError where no complete assignment exists. Ties break by lowest index.
[[nodiscard]] std::vector<int> assign(std::span<const double> score, std::size_t rows, std::size_t columns);

/// A pairing of all pieces.
struct Pairing {
  PairScoreKind kind = PairScoreKind::dominance;
  std::vector<PairScore> pairs;  ///< one per expand piece, ascending by expand
  /// Separation of the pairing as a whole: lowest chosen score minus the highest score not chosen, divided by the standard deviation of those not chosen.
  double gap = 0;
  bool trusted = true;           ///< every pair is trusted
};

/// Pairs by one score. Not collective.
[[nodiscard]] Pairing pair_by(const Network& network, const Roles& roles, PairScoreKind kind);

/// Pairs by the score that `name` gives; "auto" takes the score whose assignment separates best. Not collective.
[[nodiscard]] Pairing pair_pieces(const Network& network, const Roles& roles, std::string_view name);

/// Infers the roles from shapes: width and outputs come from the data; an expand piece is [h x d], a compress piece [d x h], the
/// head [k x d]. Where the shapes leave it open (h = d, h = k or k = d), decides by pair scores, and `given_expand` (the pieces'
/// own indices), if not empty, decides instead.
/// Throws InputError that names the piece and the rule: impossible shape, no head, a second head, hidden sizes
/// that do not match up; or that says that --roles decides it, where scores cannot.
[[nodiscard]] Roles infer_roles(const Network& network, const RowShape& rows, std::span<const int> given_expand);

}  // namespace kintsugi
