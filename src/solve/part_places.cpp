#include "solve/part_places.hpp"

#include <algorithm>
#include <utility>

#include "core/part_rules.hpp"

namespace kintsugi {

std::vector<PartGroup> part_groups(const NetworkF64& network, const std::set<PartKind>& kinds) {
  // Parts with a bias do not stand in for those without.
  std::map<std::pair<PartKind, bool>, PartGroup> by_kind;
  for (std::size_t p = 0; p < network.parts.size(); ++p) {
    PartKind kind = network.parts[p].kind;
    if (kind == PartKind::head_norm) kind = PartKind::norm;
    if (kinds.contains(kind) && rule_of(kind).flat) by_kind[{kind, network.parts[p].piece.bias.empty()}].push_back(p);
  }
  std::vector<PartGroup> groups;
  for (auto& [kind, group] : by_kind) {
    if (group.size() > 1) groups.push_back(std::move(group));
  }
  return groups;
}

NetworkF64 with_means(NetworkF64 network, const std::set<PartKind>& kinds) {
  for (const PartGroup& group : part_groups(network, kinds)) {
    const auto average = [&](std::vector<double> PieceF64::*values) {
      std::vector<double> mean((network.parts[group[0]].piece.*values).size(), 0.0);
      for (const std::size_t p : group) {
        for (std::size_t i = 0; i < mean.size(); ++i)
          mean[i] += (network.parts[p].piece.*values)[i] / static_cast<double>(group.size());
      }
      for (const std::size_t p : group) network.parts[p].piece.*values = mean;
    };
    average(&PieceF64::weight);
    average(&PieceF64::bias);
  }
  return network;
}

void turn_gates(NetworkF64& network, int owner) {
  PieceF64& expand = network.pieces[static_cast<std::size_t>(owner)];
  if (!expand.gate_weight.empty()) {
    std::swap(expand.weight, expand.gate_weight);
    std::swap(expand.bias, expand.gate_bias);
    return;
  }
  for (BasicPart<double>& part : network.parts) {
    if (part.kind != PartKind::gate || part.owner != expand.index) continue;
    std::swap(expand.weight, part.piece.weight);
    std::swap(expand.bias, part.piece.bias);
    std::swap(expand.source, part.piece.source);
  }
}

std::map<int, int> rename_turned(NetworkF64& network, const std::set<int>& turned) {
  std::map<int, int> renamed;
  for (BasicPart<double>& part : network.parts) {
    if (part.kind != PartKind::gate || !turned.contains(part.owner)) continue;
    renamed[part.owner] = part.piece.index;
    part.piece.index = part.owner;
  }
  for (BasicPart<double>& part : network.parts) {
    if (const auto found = renamed.find(part.owner); found != renamed.end()) part.owner = found->second;
  }
  for (PieceF64& piece : network.pieces) {
    if (const auto found = renamed.find(piece.index); found != renamed.end()) piece.index = found->second;
  }
  std::ranges::sort(network.pieces, {}, &PieceF64::index);
  return renamed;
}

}  // namespace kintsugi
