#include "core/fold.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

std::string describe(const BasicPart<double>& part) {
  return "piece " + std::to_string(part.piece.index) + " (" + part.piece.source + "), the " +
         std::string(to_string(part.kind)) + " of piece " + std::to_string(part.owner);
}

/// weight [out x in] with its columns multiplied by the gain, and its product with the shift added to `bias`.
void fold_norm(const PieceF64& norm, std::size_t out, std::vector<double>& weight, std::vector<double>& bias) {
  const std::size_t in = norm.out;
  if (!norm.bias.empty()) {
    bias.resize(out, 0.0);
    for (std::size_t i = 0; i < out; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < in; ++j) sum += weight[i * in + j] * norm.bias[j];
      bias[i] += sum;
    }
  }
  for (std::size_t i = 0; i < out; ++i) {
    for (std::size_t j = 0; j < in; ++j) weight[i * in + j] *= norm.weight[j];
  }
}

void fold_scale(const PieceF64& scale, PieceF64& compress) {
  for (std::size_t i = 0; i < compress.out; ++i) {
    for (std::size_t j = 0; j < compress.in; ++j) compress.weight[i * compress.in + j] *= scale.weight[i];
    if (!compress.bias.empty()) compress.bias[i] *= scale.weight[i];
  }
}

void put_in(BasicPart<double>& part, PieceF64& owner) {
  const PieceF64& piece = part.piece;
  switch (part.kind) {
    case PartKind::norm:
      if (piece.out != owner.in || piece.in != 1) throw InputError(describe(part) + ": a gain has one number a column");
      fold_norm(piece, owner.out, owner.weight, owner.bias);
      if (!owner.gate_weight.empty()) fold_norm(piece, owner.out, owner.gate_weight, owner.gate_bias);
      return;
    case PartKind::gate:
      if (piece.out != owner.out || piece.in != owner.in) throw InputError(describe(part) + ": has another shape");
      owner.gate_weight = std::move(part.piece.weight);
      owner.gate_bias = std::move(part.piece.bias);
      return;
    case PartKind::scale:
      if (piece.out != owner.out || piece.in != 1) throw InputError(describe(part) + ": a scale has one number a row");
      fold_scale(piece, owner);
      return;
  }
}

template <class To, class From>
BasicPiece<To> converted(const BasicPiece<From>& piece) {
  const auto all = [](const std::vector<From>& values) { return std::vector<To>(values.begin(), values.end()); };
  return {piece.index,
          piece.out,
          piece.in,
          all(piece.weight),
          all(piece.bias),
          piece.source,
          all(piece.gate_weight),
          all(piece.gate_bias)};
}

template <class To, class From>
BasicNetwork<To> converted(const BasicNetwork<From>& network) {
  BasicNetwork<To> result;
  result.activation = network.activation;
  result.form = network.form;
  result.pieces.reserve(network.pieces.size());
  for (const BasicPiece<From>& piece : network.pieces) result.pieces.push_back(converted<To>(piece));
  result.parts.reserve(network.parts.size());
  for (const BasicPart<From>& part : network.parts)
    result.parts.push_back({part.kind, part.owner, converted<To>(part.piece)});
  return result;
}

}  // namespace

std::string_view to_string(PartKind kind) {
  switch (kind) {
    case PartKind::norm: return "norm";
    case PartKind::gate: return "gate";
    case PartKind::scale: return "scale";
  }
  throw InternalError("unknown kind of part");
}

NetworkF64 fold(NetworkF64 network) {
  const std::map<int, int> positions = network.positions();
  std::set<std::pair<PartKind, int>> seen;
  std::map<PartKind, std::size_t> counts;
  // A norm belongs to the gate, too.
  for (const PartKind kind : {PartKind::gate, PartKind::norm, PartKind::scale}) {
    for (BasicPart<double>& part : network.parts) {
      if (part.kind != kind) continue;
      const auto found = positions.find(part.owner);
      if (found == positions.end()) throw InputError(describe(part) + ": there is no such piece");
      if (!seen.emplace(kind, part.owner).second) throw InputError(describe(part) + ": it has another one already");
      ++counts[kind];
      put_in(part, network.pieces[static_cast<std::size_t>(found->second)]);
    }
  }
  const std::size_t blocks = network.pieces.size() / 2;
  for (const auto& [kind, count] : counts) {
    if (count == blocks) continue;
    throw InputError(std::to_string(count) + " of " + std::to_string(blocks) + " blocks have a " +
                     std::string(to_string(kind)) + "; all must have one, or none");
  }
  if (counts.contains(PartKind::norm) && network.form.norm == Norm::none)
    throw InputError("norms have gains, but their kind (layer or rms) is not told");
  network.form.gated = counts.contains(PartKind::gate);
  network.parts.clear();
  return network;
}

Network fold(const Network& network) { return narrowed(fold(widened(network))); }

NetworkF64 widened(const Network& network) { return converted<double>(network); }
Network narrowed(const NetworkF64& network) { return converted<float>(network); }

}  // namespace kintsugi
