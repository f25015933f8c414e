#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// What stands in front of a block's expand piece: nothing, or a norm of kNorms.
enum class Norm : std::uint8_t { none, layer, rms };

/// A kind of norm: x / sqrt(mean square + eps) over the features of a row, of x as it is or less its mean.
struct NormRule {
  Norm norm = Norm::none;
  std::string_view name;   ///< as options and files have it
  std::string_view title;  ///< as people have it
  bool centred = false;    ///< the mean is taken off first
  bool shifted = false;    ///< its gain has a bias beside it
};

/// In the order of the values. The first with biases and the first without are what gains with and without are taken
/// for.
inline constexpr std::array kNorms{NormRule{Norm::none, "none", "no norm"},
                                   NormRule{Norm::layer, "layer", "LayerNorm", true, true},
                                   NormRule{Norm::rms, "rms", "RMSNorm"}};

[[nodiscard]] constexpr const NormRule& rule_of(Norm norm) { return kNorms[static_cast<std::size_t>(norm)]; }

/// All but `but` and none at all.
[[nodiscard]] std::vector<Norm> norms_but(Norm but);
[[nodiscard]] Norm norm_with(bool shifted);

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
  /// The norm before blocks; where these have none, that before the head.
  [[nodiscard]] constexpr Norm any_norm() const { return norm != Norm::none ? norm : head_norm; }
  /// With another norm wherever there is one.
  [[nodiscard]] constexpr BlockForm with_norm(Norm other) const {
    BlockForm form = *this;
    if (norm != Norm::none) form.norm = other;
    if (head_norm != Norm::none) form.head_norm = other;
    return form;
  }
  /// expand - act - compress, nothing else, and the head.
  [[nodiscard]] constexpr bool plain() const { return !has_norms() && !gated; }

  friend constexpr bool operator==(const BlockForm& a, const BlockForm& b) {
    return a.norm == b.norm && a.gated == b.gated && a.head_norm == b.head_norm && (!a.has_norms() || a.eps == b.eps);
  }
};

/// "rms": as options and files name it.
[[nodiscard]] constexpr std::string_view to_string(Norm norm) { return rule_of(norm).name; }
/// The names of all, with "none".
[[nodiscard]] std::vector<std::string> norm_names();
/// Throws UsageError that lists the known names.
[[nodiscard]] Norm parse_norm(std::string_view name);

/// "gated, rms norm (eps 1e-05)"; empty where it is plain.
[[nodiscard]] std::string to_string(const BlockForm& form);

}  // namespace kintsugi
