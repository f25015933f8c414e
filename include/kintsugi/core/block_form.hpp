#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kintsugi {

/// What stands in front of a block's expand piece: nothing, (x - mean) / sqrt(variance + eps), or
/// x / sqrt(mean square + eps), over the features of a row.
enum class Norm : std::uint8_t { none, layer, rms };

inline constexpr double kNormEps = 1e-5;

/// What the blocks of a network are beside expand - act - compress, the same for all of them, and what is before the
/// head. With n the norm of the state x, a block adds W_out u + b_out to x, with u = act(W_in n + b_in), or, where it
/// is gated, u = act(W_gate n + b_gate) * (W_in n + b_in). Norms have no gain and bias here, and residuals no scale:
/// these are folded into the pieces (see fold() in core/fold.hpp).
struct BlockForm {
  Norm norm = Norm::none;
  double eps = kNormEps;  ///< without a norm of no meaning
  bool gated = false;
  Norm head_norm = Norm::none;  ///< what stands in front of the head, with the same eps

  /// With the norm before the head for that before blocks.
  [[nodiscard]] constexpr BlockForm before_head() const { return {.norm = head_norm, .eps = eps}; }
  [[nodiscard]] constexpr bool has_norms() const { return norm != Norm::none || head_norm != Norm::none; }
  /// expand - act - compress, nothing else, and the head.
  [[nodiscard]] constexpr bool plain() const { return !has_norms() && !gated; }

  friend constexpr bool operator==(const BlockForm& a, const BlockForm& b) {
    return a.norm == b.norm && a.gated == b.gated && a.head_norm == b.head_norm && (!a.has_norms() || a.eps == b.eps);
  }
};

/// "rms": as options and files name it.
[[nodiscard]] std::string_view to_string(Norm norm);
/// Throws UsageError that lists the known names.
[[nodiscard]] Norm parse_norm(std::string_view name);

/// "gated, rms norm (eps 1e-05)"; empty where it is plain.
[[nodiscard]] std::string to_string(const BlockForm& form);

}  // namespace kintsugi
