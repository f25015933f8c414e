#include "core/part_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

void require(bool fits, const BasicPart<double>& part, const char* rule) {
  if (!fits) throw InputError(describe(part) + ": " + rule);
}

/// weight [out x in] with its columns multiplied by the gain, and its product with the shift added to `bias`.
void multiply_columns(const PieceF64& norm, std::size_t out, std::vector<double>& weight, std::vector<double>& bias) {
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

void put_in_norm(BasicPart<double>& part, PieceF64& owner) {
  require(part.piece.out == owner.in && part.piece.in == 1, part, "a gain has one number a column");
  multiply_columns(part.piece, owner.out, owner.weight, owner.bias);
  if (!owner.gate_weight.empty()) multiply_columns(part.piece, owner.out, owner.gate_weight, owner.gate_bias);
  ++owner.factors;
}

void put_in_gate(BasicPart<double>& part, PieceF64& owner) {
  require(part.piece.out == owner.out && part.piece.in == owner.in, part, "has another shape");
  require(owner.gate_weight.empty(), part, "it has another one already");
  owner.gate_weight = std::move(part.piece.weight);
  owner.gate_bias = std::move(part.piece.bias);
}

void put_in_scale(BasicPart<double>& part, PieceF64& owner) {
  const PieceF64& scale = part.piece;
  require(scale.out == owner.out && scale.in == 1, part, "a scale has one number a row");
  for (std::size_t i = 0; i < owner.out; ++i) {
    for (std::size_t j = 0; j < owner.in; ++j) owner.weight[i * owner.in + j] *= scale.weight[i];
    if (!owner.bias.empty()) owner.bias[i] *= scale.weight[i];
  }
  ++owner.factors;
}

constexpr std::array<std::string_view, 2> kNormWords{"norm", "ln"};
constexpr std::array<std::string_view, 2> kGateWords{"gate", "w1"};
constexpr std::array<std::string_view, 3> kScaleWords{"scale", "gamma", "ls"};

constexpr std::array<PartRule, 4> kRules{{
    {PartKind::gate, "gate", PartOwner::expand, false, kGateWords, put_in_gate},
    {PartKind::norm, "norm", PartOwner::expand, true, kNormWords, put_in_norm},
    {PartKind::scale, "scale", PartOwner::compress, true, kScaleWords, put_in_scale},
    {PartKind::head_norm, "head_norm", PartOwner::head, true, kNormWords, put_in_norm},
}};

}  // namespace

std::span<const PartRule> part_rules() { return kRules; }

const PartRule& rule_of(PartKind kind) {
  const auto* const found = std::ranges::find(kRules, kind, &PartRule::kind);
  if (found == kRules.end()) throw InternalError("unknown kind of part");
  return *found;
}

std::string describe(const BasicPart<double>& part) {
  return "piece " + std::to_string(part.piece.index) + " (" + part.piece.source + "), the " +
         std::string(to_string(part.kind)) + " of piece " + std::to_string(part.owner);
}

}  // namespace kintsugi
