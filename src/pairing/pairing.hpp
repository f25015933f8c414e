#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/parameters.hpp"
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
  /// Rank correlation, over the hidden units, of the norms of W_in's rows with those of W_out's columns: a unit that
  /// learns much grows on both sides. (Under gradient flow the difference of the two squared norms does not change at
  /// all: Du, Hu and Lee, arXiv:1806.00900.) It pairs networks whose diagonals say nothing.
  balance,
  /// (sqrt(d) signed_dominance + sqrt(h - 1) balance) / sqrt(2): both in units of their deviation for unrelated pieces.
  combined,
  /// Weighted sum of signed dominance, balance, and how far P agrees with the other chosen pairs' products (all blocks
  /// read and write one residual stream, so that what training drives into them has a common part). The weights are the
  /// evidences' means over the chosen pairs; choice and weights are repeated until they stay the same, from several
  /// starts. In units of the deviation for unrelated pieces. Depends on all pieces, not on the pair alone.
  learned,
};

inline constexpr PairScoreKind kPairScoreKinds[] = {
    PairScoreKind::dominance, PairScoreKind::signed_dominance, PairScoreKind::diagonal_ratio, PairScoreKind::trace,
    PairScoreKind::asymmetry, PairScoreKind::balance,          PairScoreKind::combined,       PairScoreKind::learned};

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

/// All pairs' scores, from a few large matrix products. Only `diagonal_ratio` and `asymmetry` need the products P
/// themselves, 2 L^2 h d^2 flops; they form them in slabs of bounded memory. Not collective, deterministic.
[[nodiscard]] PairMatrix score_pairs(const Network& network, std::span<const int> expand, std::span<const int> compress,
                                     PairScoreKind kind, const PairingParameters& parameters = {});

/// A pairing of all pieces, and whether the weights single it out.
///
/// A pair is trusted where its score could not have come from unrelated pieces, no rival comes near it, and no other
/// piece is nearly equal to one of its own. Within each group of one hidden size, the scores that were not chosen show
/// how wrong pairs score: location and scale are taken from their quartiles, and the scale is no smaller than the one
/// that unrelated pieces have by law, where the score has such a law: 1 / sqrt(d) for dominance (the trace of a product
/// that is turned at random), 1 / sqrt(h - 1) for balance. A chosen pair is trusted if it scores above every score that
/// was not chosen, and above the level that the highest of all possible pairs would exceed in a share `trust_level` of
/// networks of unrelated pieces (normal tail; Student's t where the scale is estimated only). Trusted pairs are then
/// taken out and the others are tested again among themselves, until no more stand out; a pair that is left over alone
/// is trusted too, as there is no other. Pieces that are equal number by number make the same blocks: no pair of theirs
/// is a rival of another. Nothing here is fitted to example networks.
struct Pairing {
  PairScoreKind kind = PairScoreKind::dominance;
  std::vector<PairScore> pairs;  ///< one per expand piece, in the order of Roles::expand
  /// Lowest chosen score minus the highest score not chosen, divided by the standard deviation of those not chosen
  /// (about 0 for `dominance`, an absolute value); the lowest over the groups, +infinity if nothing was left to choose.
  double gap = 0;
  /// Mean over the pairs of the score minus the best rival's in the same row or column, in units of the scale.
  double separation = 0;
  bool trusted = true;  ///< every pair is trusted
};

/// Pairs by one score. Not collective, deterministic.
[[nodiscard]] Pairing pair_by(const Network& network, const Roles& roles, PairScoreKind kind,
                              const PairingParameters& parameters = {});

/// Pairs by the score that `name` gives. "auto" takes the score with the most trusted pairs, and of those the one with
/// the largest separation: signed_dominance or dominance, and only where they leave a pair untrusted also balance,
/// combined and then learned, which costs several times as much. (Separation, a mean, decides rather than `gap`, which
/// one weak pair spoils.) Not collective, deterministic. Throws UsageError for an unknown name.
[[nodiscard]] Pairing pair_pieces(const Network& network, const Roles& roles, std::string_view name,
                                  const PairingParameters& parameters = {});

/// Two square pieces (h = d) that make a block, in the direction that the weights favour.
struct DirectedPair {
  int expand = 0;       ///< position in Network::pieces
  int compress = 0;     ///< position in Network::pieces
  double evidence = 0;  ///< for this direction over the other, at least 0
  bool sure = true;     ///< more evidence than any pair of unrelated pieces shows
};

/// The roles as far as shapes and weights tell them, and which of them are guesses.
struct RoleGuess {
  Roles roles;
  std::vector<DirectedPair> square;  ///< the pairs whose roles the shapes leave open; empty without any
  bool head_sure = true;             ///< the shapes or trusted pairs single the head out
};

/// Best guess of the roles, for callers that can do with guesses. Width and outputs come from the data; an
/// expand piece is [h x d], a compress piece [d x h], the head [k x d]. `given_expand` (the pieces' own indices), if
/// not empty, names the expand pieces. Where the shapes leave roles open, the weights decide.
///
/// h = k: the head is the piece that the best pairing leaves over; sure if all pairs are trusted.
///
/// h = d: tr(A B) = tr(B A), so that dominance cannot tell the direction. Two things can. Balance can, because the
/// hidden units are the rows of W_in and the columns of W_out. And all blocks read and write one residual stream: the
/// Gram matrices of its side, W_in^T W_in and W_out W_out^T, resemble each other from block to block, while those of
/// the hidden side have only in common what does not depend on the order of the units, which is taken out. Pairs are
/// found together with their direction: a matching of the largest weight (|dominance| + balance + agreement with the
/// others' residual sides), then the residual sides that it implies, repeated until they stay the same. The same with
/// all rows and columns permuted gives the level from which a direction is sure.
///
/// k = d = h: both; the head is sure if all pairs are trusted.
///
/// Not collective, deterministic. Throws InputError that names the piece and the rule: impossible shape, no head, a
/// second head, hidden sizes that do not match up, a wrong `given_expand`.
[[nodiscard]] RoleGuess guess_roles(const Network& network, const RowShape& rows, std::span<const int> given_expand,
                                    const PairingParameters& parameters = {});

/// The roles of guess_roles(). Throws InputError, too, where anything is not sure; it says that --roles decides it.
[[nodiscard]] Roles infer_roles(const Network& network, const RowShape& rows, std::span<const int> given_expand,
                                const PairingParameters& parameters = {});

}  // namespace kintsugi
