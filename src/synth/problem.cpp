#include "synth/problem.hpp"

#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "core/fold.hpp"
#include "core/part_rules.hpp"
#include "kintsugi/core/error.hpp"
#include "synth/streams.hpp"

namespace kintsugi {

Assembly shuffle_pieces(std::size_t blocks, std::uint64_t seed) {
  std::vector<int> indices(2 * blocks + 1);
  std::iota(indices.begin(), indices.end(), 0);
  synth_random(seed, SynthStream::shuffle).shuffle(std::span(indices));
  return from_permutation(indices);
}

std::vector<int> shuffle_parts(std::size_t blocks, std::size_t parts, std::uint64_t seed) {
  std::vector<int> indices(parts);
  std::iota(indices.begin(), indices.end(), static_cast<int>(2 * blocks + 1));
  synth_random(seed, SynthStream::part_shuffle).shuffle(std::span(indices));
  return indices;
}

bool GrammarOptions::has(PartKind kind, std::size_t block) const {
  constexpr std::size_t kMostKinds = 8;
  if (share >= 1 || block == 0) return true;
  return synth_random(seed, SynthStream::some_parts, kMostKinds * block + static_cast<std::size_t>(kind)).uniform() <
         share;
}

std::vector<PartKind> GrammarOptions::kinds(std::size_t block) const {
  std::vector<PartKind> result;
  if (gain && normed(block)) result.push_back(PartKind::norm);
  if (form.gated && has(PartKind::gate, block)) result.push_back(PartKind::gate);
  if (scale && has(PartKind::scale, block)) result.push_back(PartKind::scale);
  return result;
}

bool GrammarOptions::normed(std::size_t block) const { return form.norm != Norm::none && has(PartKind::norm, block); }

std::size_t GrammarOptions::parts(std::size_t blocks) const {
  std::size_t count = head_gain() ? 1 : 0;
  for (std::size_t block = 0; block < blocks; ++block) count += kinds(block).size();
  return count;
}

std::vector<std::size_t> draw_originals(std::size_t blocks, std::size_t copies, std::uint64_t seed) {
  std::vector<std::size_t> originals(blocks);
  std::iota(originals.begin(), originals.end(), 0);
  Random random = synth_random(seed, SynthStream::copies);
  std::vector<std::size_t> drawn = originals;
  random.shuffle(std::span(drawn));
  const std::size_t kept = blocks - copies;
  for (std::size_t i = kept; i < blocks; ++i) originals[drawn[i]] = drawn[random.below(kept)];
  return originals;
}

FoldedBlock fold(const ResidualBlock& block, Norm norm) {
  Network network;
  network.form.norm = norm;
  network.pieces = {block.expand, block.compress};
  network.pieces[1].index = network.pieces[0].index + 1;
  for (const auto& [kind, part] : block.parts) {
    const bool last = rule_of(kind).owner == PartOwner::compress;
    network.parts.push_back({kind, network.pieces[last ? 1 : 0].index, part});
  }
  NetworkF64 folded = fold(widened(network));
  return {std::move(folded.pieces[0]), std::move(folded.pieces[1])};
}

Network scatter_pieces(std::vector<ResidualBlock> blocks, Piece head, std::optional<Piece> head_norm,
                       const Scatter& scatter, Activation activation, const BlockForm& form) {
  const Assembly& truth = scatter.truth;
  if (blocks.size() != truth.blocks.size()) {
    throw InternalError("scatter_pieces: " + std::to_string(blocks.size()) + " blocks for an answer of " +
                        std::to_string(truth.blocks.size()));
  }
  Network network;
  network.activation = activation;
  network.form = form;
  network.pieces.resize(2 * blocks.size() + 1);
  const auto place = [&](Piece&& piece, int index) {
    piece.index = index;
    piece.source = "piece_" + std::to_string(index);
    network.pieces[static_cast<std::size_t>(index)] = std::move(piece);
  };
  auto next_part = scatter.parts.begin();
  const auto place_part = [&](PartKind kind, int owner, Piece&& part) {
    part.index = *next_part++;
    part.source = "piece_" + std::to_string(part.index);
    network.parts.push_back({kind, owner, std::move(part)});
  };
  for (std::size_t t = 0; t < blocks.size(); ++t) {
    for (auto& [kind, part] : blocks[t].parts) {
      const bool last = rule_of(kind).owner == PartOwner::compress;
      place_part(kind, last ? truth.blocks[t].compress : truth.blocks[t].expand, std::move(part));
    }
    place(std::move(blocks[t].expand), truth.blocks[t].expand);
    place(std::move(blocks[t].compress), truth.blocks[t].compress);
  }
  if (head_norm) place_part(PartKind::head_norm, truth.head, std::move(*head_norm));
  place(std::move(head), truth.head);
  return network;
}

}  // namespace kintsugi
