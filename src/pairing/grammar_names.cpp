// Parts by the names that pieces have in the user's model.
#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

#include "pairing/grammar_parts.hpp"

namespace kintsugi::grammar {

namespace {

/// "layers.3.mlp.up" of "model.pth: layers.3.mlp.up"; empty where the source has no name.
std::string name_of(const PieceF64& piece) {
  const std::size_t at = piece.source.rfind(": ");
  std::string name = at == std::string::npos ? "" : piece.source.substr(at + 2);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// The name up to its first number, the number included.
std::string block_of(const std::string& name) {
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto begin = std::find_if(name.begin(), name.end(), digit);
  const auto end = std::find_if_not(begin, name.end(), digit);
  return begin == name.end() ? "" : std::string(name.begin(), end);
}

/// Whether fused pieces of this name begin with the gate; nothing where it does not say.
std::optional<bool> begins_with_gate(std::string_view name) {
  const std::size_t gate = name.find("gate");
  const std::size_t up = name.find("up");
  if (name.find("w12") != std::string_view::npos) return true;
  if (gate == std::string_view::npos || up == std::string_view::npos) return std::nullopt;
  return gate < up;
}

/// The pieces whose names have the same beginning.
struct Members {
  std::vector<std::size_t> vectors, expand, compress;

  [[nodiscard]] bool may_be_block(const Sorted& sorted) const {
    return compress.size() == 1 && (expand.size() == 1 || (expand.size() == 2 && sorted.gated)) && vectors.size() <= 2;
  }
  [[nodiscard]] bool may_be_before_head() const { return compress.empty() && expand.empty() && vectors.size() == 1; }
};

class Names {
 public:
  Names(const NetworkF64& network, const Sorted& sorted) : network_(network), sorted_(sorted) {}

  std::optional<Grouped> run(bool& order_open) {
    gather(sorted_.vectors, &Members::vectors);
    gather(sorted_.expand, &Members::expand);
    gather(sorted_.compress, &Members::compress);
    for (const auto& [name, members] : blocks_) {
      if (members.may_be_before_head() ? !take_head_norm(members) : !take_block(name, members)) return std::nullopt;
    }
    order_open = sorted_.fused && !order_;
    result_.gate_first = order_.value_or(true);
    return std::move(result_);
  }

 private:
  void gather(const std::vector<std::size_t>& positions, std::vector<std::size_t> Members::*list) {
    for (const std::size_t p : positions) (blocks_[block_of(name_of(network_.pieces[p]))].*list).push_back(p);
  }

  /// What of its name is behind the block's says that the piece is such a part.
  [[nodiscard]] bool says(std::size_t p, std::size_t begin, PartKind kind) const {
    const std::string name = name_of(network_.pieces[p]).substr(begin);
    return std::ranges::any_of(rule_of(kind).words,
                               [&](std::string_view word) { return name.find(word) != std::string::npos; });
  }

  bool take_head_norm(const Members& members) {
    const std::size_t p = members.vectors.front();
    const bool another =
        std::ranges::any_of(result_.found, [](const Found& each) { return each.kind == PartKind::head_norm; });
    if (another || !sorted_.head || !says(p, 0, PartKind::head_norm)) return false;
    result_.found.push_back({PartKind::head_norm, p, *sorted_.head});
    return true;
  }

  bool take_block(const std::string& name, const Members& members) {
    if (name.empty() || !members.may_be_block(sorted_)) return false;
    std::size_t up = members.expand[0];
    if (members.expand.size() == 2) {
      const bool first = says(up, name.size(), PartKind::gate);
      if (first == says(members.expand[1], name.size(), PartKind::gate)) return false;
      if (first) up = members.expand[1];
      result_.found.push_back({PartKind::gate, members.expand[first ? 0 : 1], up});
    }
    if (sorted_.fused) {
      const std::optional<bool> order = begins_with_gate(name_of(network_.pieces[up]).substr(name.size()));
      if (order && order_ && *order != *order_) return false;
      if (order) order_ = order;
    }
    std::vector<PartKind> seen;
    for (const std::size_t p : members.vectors) {
      const bool norm = says(p, name.size(), PartKind::norm);
      if (norm == says(p, name.size(), PartKind::scale)) return false;
      const PartKind kind = norm ? PartKind::norm : PartKind::scale;
      if (std::ranges::find(seen, kind) != seen.end()) return false;
      seen.push_back(kind);
      result_.found.push_back({kind, p, norm ? up : members.compress[0]});
    }
    return true;
  }

  const NetworkF64& network_;
  const Sorted& sorted_;
  std::map<std::string, Members> blocks_;
  std::optional<bool> order_;
  Grouped result_;
};

}  // namespace

std::optional<Grouped> group_by_names(const NetworkF64& network, const Sorted& sorted, bool& order_open) {
  return Names(network, sorted).run(order_open);
}

}  // namespace kintsugi::grammar
