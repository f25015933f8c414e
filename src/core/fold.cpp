#include "core/fold.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/number_format.hpp"
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
          all(piece.gate_bias),
          piece.normed,
          piece.factors};
}

template <class To, class From>
BasicNetwork<To> converted(const BasicNetwork<From>& network) {
  BasicNetwork<To> result;
  result.activation = network.activation;
  result.form = network.form;
  result.precision = network.precision;
  result.pieces.reserve(network.pieces.size());
  for (const BasicPiece<From>& piece : network.pieces) result.pieces.push_back(converted<To>(piece));
  result.parts.reserve(network.parts.size());
  for (const BasicPart<From>& part : network.parts)
    result.parts.push_back({part.kind, part.owner, converted<To>(part.piece)});
  return result;
}

template <class Real>
bool holds_all(WeightPrecision precision, const BasicPiece<Real>& piece) {
  const auto held = [&](Real value) { return holds(precision, value); };
  return std::ranges::all_of(piece.weight, held) && std::ranges::all_of(piece.bias, held) &&
         std::ranges::all_of(piece.gate_weight, held) && std::ranges::all_of(piece.gate_bias, held);
}

/// Blocks whose parts leave out a norm that others have.
void mark_unnormed(NetworkF64& network, const std::set<std::pair<PartKind, int>>& seen) {
  const auto count = std::ranges::count_if(seen, [](const auto& each) { return each.first == PartKind::norm; });
  if (count == 0) return;
  if (network.form.norm == Norm::none) throw InputError("norms have gains, but their kind (layer or rms) is not told");
  if (static_cast<std::size_t>(count) == network.pieces.size() / 2) return;
  for (PieceF64& piece : network.pieces) piece.normed = seen.contains({PartKind::norm, piece.index});
}

}  // namespace

template <class Real>
WeightPrecision precision_of(const BasicNetwork<Real>& network) {
  if (network.precision != WeightPrecision::float32) return network.precision;
  for (const WeightPrecision precision : {WeightPrecision::bfloat16, WeightPrecision::float16}) {
    const auto held = [&](const BasicPiece<Real>& piece) { return holds_all(precision, piece); };
    if (std::ranges::all_of(network.pieces, held) && std::ranges::all_of(network.parts, held, &BasicPart<Real>::piece))
      return precision;
  }
  return WeightPrecision::float32;
}

template WeightPrecision precision_of(const Network& network);
template WeightPrecision precision_of(const NetworkF64& network);

NetworkF64 fold(NetworkF64 network) {
  const std::map<int, int> positions = network.positions();
  network.precision = precision_of(network);
  std::set<std::pair<PartKind, int>> seen;
  for (const PartRule& rule : part_rules()) {
    for (BasicPart<double>& part : network.parts) {
      if (part.kind != rule.kind) continue;
      const auto found = positions.find(part.owner);
      if (found == positions.end()) throw InputError(describe(part) + ": there is no such piece");
      if (!seen.emplace(rule.kind, part.owner).second)
        throw InputError(describe(part) + ": it has another one already");
      rule.put_in(part, network.pieces[static_cast<std::size_t>(found->second)]);
    }
  }
  mark_unnormed(network, seen);
  if (network.form.head_norm == Norm::none &&
      std::ranges::any_of(seen, [](const auto& each) { return each.first == PartKind::head_norm; }))
    throw InputError("the norm before the head has a gain, but its kind (layer or rms) is not told");
  network.form.gated =
      std::ranges::any_of(network.pieces, [](const PieceF64& piece) { return !piece.gate_weight.empty(); });
  network.parts.clear();
  return network;
}

Network fold(const Network& network) { return narrowed(fold(widened(network))); }

NetworkF64 widened(const Network& network) { return converted<double>(network); }
Network narrowed(const NetworkF64& network) { return converted<float>(network); }

}  // namespace kintsugi
