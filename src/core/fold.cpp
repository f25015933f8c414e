#include "core/fold.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/part_rules.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

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

NetworkF64 fold(NetworkF64 network) {
  const std::map<int, int> positions = network.positions();
  std::set<std::pair<PartKind, int>> seen;
  std::map<PartKind, std::size_t> counts;
  for (const PartRule& rule : part_rules()) {
    for (BasicPart<double>& part : network.parts) {
      if (part.kind != rule.kind) continue;
      const auto found = positions.find(part.owner);
      if (found == positions.end()) throw InputError(describe(part) + ": there is no such piece");
      if (!seen.emplace(rule.kind, part.owner).second)
        throw InputError(describe(part) + ": it has another one already");
      ++counts[rule.kind];
      rule.put_in(part, network.pieces[static_cast<std::size_t>(found->second)]);
    }
  }
  const std::size_t blocks = network.pieces.size() / 2;
  for (const auto& [kind, count] : counts) {
    // A residual without a scale is as it is.
    if (count == blocks || kind == PartKind::scale) continue;
    throw InputError(std::to_string(count) + " of " + std::to_string(blocks) + " blocks have a " +
                     std::string(to_string(kind)) + "; all must have one, or none");
  }
  if (counts.contains(PartKind::norm) && network.form.norm == Norm::none)
    throw InputError("norms have gains, but their kind (layer or rms) is not told");
  network.form.gated =
      std::ranges::any_of(network.pieces, [](const PieceF64& piece) { return !piece.gate_weight.empty(); });
  network.parts.clear();
  return network;
}

Network fold(const Network& network) { return narrowed(fold(widened(network))); }

NetworkF64 widened(const Network& network) { return converted<double>(network); }
Network narrowed(const NetworkF64& network) { return converted<float>(network); }

}  // namespace kintsugi
