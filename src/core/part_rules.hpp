#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// Which of the network's pieces a part belongs to.
enum class PartOwner : std::uint8_t { expand, compress, head };

/// What readers and writers of files, import, generate and fold() know of a kind of part. A kind more is a row more in
/// the table.
struct PartRule {
  PartKind kind = PartKind::norm;
  std::string_view name;  ///< as files name it
  PartOwner owner = PartOwner::expand;
  bool flat = true;  ///< has one dimension
  /// Words by which models name such parts, in lower case.
  std::span<const std::string_view> words;
  /// Puts the part into its owner, in float64. Throws InputError that names the part where it does not fit.
  void (*put_in)(BasicPart<double>& part, PieceF64& owner) = nullptr;
};

/// In the order in which parts are put in: a norm belongs to the gate, too.
[[nodiscard]] std::span<const PartRule> part_rules();
[[nodiscard]] const PartRule& rule_of(PartKind kind);

/// "norm", "gate", "scale", "head_norm": as files name them.
[[nodiscard]] inline std::string_view to_string(PartKind kind) { return rule_of(kind).name; }

/// "piece 7 (piece_7.npz), the norm of piece 3"
[[nodiscard]] std::string describe(const BasicPart<double>& part);

}  // namespace kintsugi
