#include "synth/problem.hpp"

#include <numeric>
#include <string>
#include <utility>

#include "kintsugi/core/error.hpp"
#include "synth/streams.hpp"

namespace kintsugi {

Assembly shuffle_pieces(std::size_t blocks, std::uint64_t seed) {
  std::vector<int> indices(2 * blocks + 1);
  std::iota(indices.begin(), indices.end(), 0);
  synth_random(seed, SynthStream::shuffle).shuffle(std::span(indices));
  return from_permutation(indices);
}

Network scatter_pieces(std::vector<ResidualBlock> blocks, Piece head, const Assembly& truth, Activation activation) {
  if (blocks.size() != truth.blocks.size()) {
    throw InternalError("scatter_pieces: " + std::to_string(blocks.size()) + " blocks for an answer of " +
                        std::to_string(truth.blocks.size()));
  }
  Network network;
  network.activation = activation;
  network.pieces.resize(2 * blocks.size() + 1);
  const auto place = [&](Piece&& piece, int index) {
    piece.index = index;
    piece.source = "piece_" + std::to_string(index);
    network.pieces[static_cast<std::size_t>(index)] = std::move(piece);
  };
  for (std::size_t t = 0; t < blocks.size(); ++t) {
    place(std::move(blocks[t].expand), truth.blocks[t].expand);
    place(std::move(blocks[t].compress), truth.blocks[t].compress);
  }
  place(std::move(head), truth.head);
  return network;
}

}  // namespace kintsugi
