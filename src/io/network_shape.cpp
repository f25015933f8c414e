#include <map>
#include <optional>
#include <string>
#include <utility>

#include "io/import.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// How many pieces of each hidden size expand, and how many compress, if the width is `width`.
struct Counts {
  std::map<std::size_t, std::size_t> expands;
  std::map<std::size_t, std::size_t> compresses;
  std::size_t square = 0;
};

std::optional<Counts> count_roles(std::span<const PieceSize> pieces, std::size_t width) {
  Counts counts;
  for (const PieceSize& piece : pieces) {
    if (piece.in == width && piece.out == width) {
      ++counts.square;
    } else if (piece.in == width) {
      ++counts.expands[piece.out];
      counts.compresses.try_emplace(piece.out, 0);
    } else if (piece.out == width) {
      ++counts.compresses[piece.in];
      counts.expands.try_emplace(piece.in, 0);
    } else {
      return std::nullopt;
    }
  }
  return counts;
}

/// The outputs of the one head that makes all other pieces pair up.
std::optional<std::size_t> outputs_of(std::span<const PieceSize> pieces, std::size_t width) {
  const std::optional<Counts> counts = count_roles(pieces, width);
  if (!counts) return std::nullopt;
  std::optional<std::size_t> outputs;
  if (counts->square % 2 != 0) outputs = width;
  for (const auto& [hidden, expands] : counts->expands) {
    const std::size_t compresses = counts->compresses.at(hidden);
    if (expands == compresses) continue;
    if (outputs || expands != compresses + 1) return std::nullopt;
    outputs = hidden;
  }
  return outputs;
}

std::string list_of(std::span<const PieceSize> pieces) {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts;
  for (const PieceSize& piece : pieces) ++counts[{piece.out, piece.in}];
  std::string text;
  for (const auto& [size, count] : counts) {
    text.append(text.empty() ? "" : ", ").append(std::to_string(count)).append(" of [");
    text.append(std::to_string(size.first)).append(" x ").append(std::to_string(size.second)).append("]");
  }
  return text;
}

}  // namespace

RowShape shape_of_pieces(std::span<const PieceSize> pieces, std::size_t width) {
  if (pieces.empty()) throw InputError("there are no pieces");
  // Every piece has the width on one of its sides.
  for (const std::size_t each : {pieces.front().in, pieces.front().out}) {
    if (width != 0 && each != width) continue;
    if (const std::optional<std::size_t> outputs = outputs_of(pieces, each)) return {0, each, *outputs};
  }
  throw InputError("the pieces make up no network" +
                   (width == 0 ? std::string() : std::string(" of width ").append(std::to_string(width))) +
                   ": as many expand pieces [h x d] as compress pieces [d x h] of each hidden size h and one head "
                   "[k x d] are needed, but there are " +
                   list_of(pieces));
}

}  // namespace kintsugi
