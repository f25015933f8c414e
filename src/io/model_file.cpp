#include "io/model_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "core/part_rules.hpp"
#include "io/atomic_file.hpp"
#include "io/elements.hpp"
#include "io/state_dict.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

bool is_safetensors(const std::filesystem::path& path) { return path.extension() == ".safetensors"; }

void add_layer(std::vector<StateEntry>& entries, const std::string& name, const PieceF64& piece) {
  entries.push_back({name + ".weight", {piece.out, piece.in}, piece.weight});
  if (!piece.bias.empty()) entries.push_back({name + ".bias", {piece.out}, piece.bias});
}

/// As few digits as name the number.
std::string digits_of(double value) {
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

/// The parts of a network by what they belong to.
class PartFinder {
 public:
  explicit PartFinder(const NetworkF64& network) {
    for (const BasicPart<double>& part : network.parts) parts_[{part.kind, part.owner}] = &part.piece;
  }
  /// Null where the piece has none.
  [[nodiscard]] const PieceF64* find(PartKind kind, const PieceF64& owner) const {
    const auto found = parts_.find({kind, owner.index});
    return found == parts_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::pair<PartKind, int>, const PieceF64*> parts_;
};

/// The parts of a piece: "3.gate.weight", "3.norm.bias", "3.scale".
void add_parts(std::vector<StateEntry>& entries, const std::string& start, const PartFinder& parts, PartOwner side,
               const PieceF64& owner) {
  for (const PartRule& rule : part_rules()) {
    const PieceF64* const part = rule.owner == side ? parts.find(rule.kind, owner) : nullptr;
    if (part == nullptr) continue;
    const std::string name = start + std::string(rule.kind == PartKind::head_norm ? "norm" : rule.name);
    const std::string weight = rule.kind == PartKind::scale ? name : name + ".weight";
    const std::vector<std::size_t> flat{part->out};
    const std::vector<std::size_t> wide{part->out, part->in};
    entries.push_back({weight, rule.flat ? flat : wide, part->weight});
    if (!part->bias.empty()) entries.push_back({name + ".bias", flat, part->bias});
  }
  if (side == PartOwner::expand && !owner.gate_weight.empty()) {
    entries.push_back({start + "gate.weight", {owner.out, owner.in}, owner.gate_weight});
    if (!owner.gate_bias.empty()) entries.push_back({start + "gate.bias", {owner.out}, owner.gate_bias});
  }
}

}  // namespace

void check_model_path(const std::filesystem::path& path) {
  if (is_safetensors(path) || path.extension() == ".pth" || path.extension() == ".pt") return;
  throw UsageError("output file '" + path.string() + "': must end in .safetensors, .pth or .pt");
}

void write_model(const std::filesystem::path& path, const NetworkF64& network, const Assembly& assembly,
                 const ProblemFingerprint& problem) {
  check_model_path(path);
  const auto piece_at = [&](int position) -> const PieceF64& {
    return network.pieces.at(static_cast<std::size_t>(position));
  };
  std::vector<StateEntry> entries;
  const PartFinder parts(network);
  for (std::size_t t = 0; t < assembly.blocks.size(); ++t) {
    const std::string block = std::to_string(t);
    const PieceF64& expand = piece_at(assembly.blocks[t].expand);
    const PieceF64& compress = piece_at(assembly.blocks[t].compress);
    add_parts(entries, block + ".", parts, PartOwner::expand, expand);
    add_layer(entries, block + ".inp", expand);
    add_layer(entries, block + ".out", compress);
    add_parts(entries, block + ".", parts, PartOwner::compress, compress);
  }
  const std::string last = std::to_string(assembly.blocks.size());
  add_parts(entries, last + ".", parts, PartOwner::head, piece_at(assembly.head));
  add_layer(entries, last + ".layer", piece_at(assembly.head));
  const bool narrow = std::ranges::all_of(entries, [](const StateEntry& entry) { return fits_float32(entry.values); });
  const TensorType type = narrow ? TensorType::float32 : TensorType::float64;
  ModelFacts facts{{"kintsugi_weights", problem.weights},
                   {"kintsugi_rows", problem.rows},
                   {"kintsugi_activation", problem.activation}};
  if (network.form.has_norms()) {
    facts.emplace("kintsugi_norm", to_string(network.form.norm));
    facts.emplace("kintsugi_head_norm", to_string(network.form.head_norm));
    facts.emplace("kintsugi_norm_eps", digits_of(network.form.eps));
  }
  const std::vector<char> bytes =
      is_safetensors(path) ? safetensors_file(entries, type, facts) : pth_file(entries, type, facts);
  write_file_atomically(path, std::string_view(bytes.data(), bytes.size()));
}

}  // namespace kintsugi
