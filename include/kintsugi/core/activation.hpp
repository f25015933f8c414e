#pragma once

#include <array>
#include <string_view>

namespace kintsugi {

/// Element-wise function between a block's expand and compress piece, as PyTorch defines it with default arguments
/// (gelu: the erf form; leaky_relu: slope 0.01). gelu_tanh is gelu with approximate="tanh".
enum class Activation { relu, gelu, silu, tanh, leaky_relu, identity, gelu_tanh, elu, softplus, sigmoid, relu6 };

/// The commonest first.
inline constexpr std::array<Activation, 11> kActivations{
    Activation::relu,       Activation::gelu,     Activation::silu,      Activation::tanh,
    Activation::leaky_relu, Activation::identity, Activation::gelu_tanh, Activation::elu,
    Activation::softplus,   Activation::sigmoid,  Activation::relu6};
inline constexpr double kLeakyReluSlope = 0.01;

[[nodiscard]] std::string_view to_string(Activation activation);

/// Throws UsageError that lists the known names.
[[nodiscard]] Activation parse_activation(std::string_view name);

/// act(z) in float64: the reference that kernels are tested against and `verify` uses.
[[nodiscard]] double activate(Activation activation, double z);

/// d act(z) / dz in float64; at a kink (relu, leaky_relu, relu6) the value PyTorch takes.
[[nodiscard]] double activate_derivative(Activation activation, double z);

}  // namespace kintsugi
