#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kintsugi {

inline constexpr double kLeakyReluSlope = 0.01;

/// Element-wise function between a block's expand and compress piece, as PyTorch defines it with default arguments
/// (gelu: the erf form; gelu_tanh: gelu with approximate="tanh"). leaky_relu may have another slope than 0.01.
class Activation {
 public:
  enum Kind : std::uint8_t { relu, gelu, silu, tanh, leaky_relu, identity, gelu_tanh, elu, softplus, sigmoid, relu6 };

  /// `slope` is leaky_relu's below 0, and less than 1; others have none.
  constexpr Activation(Kind kind, double slope = kLeakyReluSlope)  // NOLINT(google-explicit-constructor): a kind is one
      : kind_(kind), slope_(kind == leaky_relu ? slope : 0) {}
  constexpr operator Kind() const { return kind_; }  // NOLINT(google-explicit-constructor): for switches
  [[nodiscard]] constexpr double slope() const { return slope_; }

  friend constexpr bool operator==(Activation a, Activation b) { return a.kind_ == b.kind_ && a.slope_ == b.slope_; }
  /// Whatever the slope.
  friend constexpr bool operator==(Activation a, Kind kind) { return a.kind_ == kind; }

 private:
  Kind kind_;
  double slope_;
};

/// The commonest first.
inline constexpr std::array<Activation, 11> kActivations{
    Activation::relu,       Activation::gelu,     Activation::silu,      Activation::tanh,
    Activation::leaky_relu, Activation::identity, Activation::gelu_tanh, Activation::elu,
    Activation::softplus,   Activation::sigmoid,  Activation::relu6};

/// "relu"; "leaky_relu" with the usual slope, else "leaky_relu:0.2".
[[nodiscard]] std::string to_string(Activation activation);

/// Throws UsageError that lists the known names.
[[nodiscard]] Activation parse_activation(std::string_view name);

/// act(z) in float64: the reference that kernels are tested against and `verify` uses.
[[nodiscard]] double activate(Activation activation, double z);

/// d act(z) / dz in float64; at a kink (relu, leaky_relu, relu6) the value PyTorch takes.
[[nodiscard]] double activate_derivative(Activation activation, double z);

}  // namespace kintsugi
