#include "pairing/extra.hpp"

#include <algorithm>
#include <map>

#include "pairing/orientation.hpp"
#include "pairing/pairing.hpp"
#include "pairing/scores.hpp"

namespace kintsugi {

namespace {

/// Pieces of one hidden size.
struct Sides {
  std::vector<int> expand;
  std::vector<int> compress;
};

/// Of the longer list, what the best pairing leaves over.
void add_unpaired(const Network& network, const Sides& sides, const PairingParameters& parameters,
                  std::vector<int>& extra) {
  if (sides.expand.empty() || sides.compress.empty()) {
    extra.insert(extra.end(), sides.expand.begin(), sides.expand.end());
    extra.insert(extra.end(), sides.compress.begin(), sides.compress.end());
    return;
  }
  const pairing::PairTable pairs(network, sides.expand, sides.compress);
  pairing::Scores scores(pairs, parameters);
  const pairing::Matching matching = pairing::decide_best(scores).matching;
  std::vector<char> taken(sides.compress.size(), 0);
  for (std::size_t i = 0; i < matching.size(); ++i) {
    if (matching[i] < 0)
      extra.push_back(sides.expand[i]);
    else
      taken[static_cast<std::size_t>(matching[i])] = 1;
  }
  for (std::size_t j = 0; j < taken.size(); ++j) {
    if (taken[j] == 0) extra.push_back(sides.compress[j]);
  }
}

}  // namespace

std::vector<int> find_extra_pieces(const Network& network, const RowShape& rows, const PairingParameters& parameters) {
  std::map<std::size_t, Sides> by_hidden;
  std::vector<int> squares;
  std::vector<int> extra;
  for (std::size_t p = 0; p < network.pieces.size(); ++p) {
    const Piece& piece = network.pieces[p];
    const auto position = static_cast<int>(p);
    if (piece.in == rows.width && piece.out == rows.width)
      squares.push_back(position);
    else if (piece.in == rows.width)
      by_hidden[piece.out].expand.push_back(position);
    else if (piece.out == rows.width)
      by_hidden[piece.in].compress.push_back(position);
    else
      extra.push_back(position);
  }
  for (const auto& [hidden, sides] : by_hidden) {
    // One of them is the head, or none is: that is not for the pairing to say.
    if (hidden == rows.outputs || sides.expand.size() == sides.compress.size()) continue;
    add_unpaired(network, sides, parameters, extra);
  }
  if (rows.outputs != rows.width && squares.size() % 2 == 1) {
    std::vector<const Piece*> pieces;
    pieces.reserve(squares.size());
    for (const int position : squares) pieces.push_back(&network.pieces[static_cast<std::size_t>(position)]);
    const std::ptrdiff_t alone = pairing::orient_squares(pieces, {}, parameters).leftover;
    if (alone >= 0) extra.push_back(squares[static_cast<std::size_t>(alone)]);
  }
  std::ranges::sort(extra);
  return extra;
}

}  // namespace kintsugi
