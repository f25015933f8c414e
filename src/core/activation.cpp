#include "kintsugi/core/activation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr double kReluCap = 6;
constexpr double kGeluCube = 0.044715;

/// What gelu by tanh takes the tanh of.
double gelu_argument(double z) { return std::sqrt(2 / std::numbers::pi) * (z + kGeluCube * z * z * z); }

std::string_view name_of(Activation::Kind kind) {
  switch (kind) {
    case Activation::relu: return "relu";
    case Activation::gelu: return "gelu";
    case Activation::silu: return "silu";
    case Activation::tanh: return "tanh";
    case Activation::leaky_relu: return "leaky_relu";
    case Activation::identity: return "identity";
    case Activation::gelu_tanh: return "gelu_tanh";
    case Activation::elu: return "elu";
    case Activation::softplus: return "softplus";
    case Activation::sigmoid: return "sigmoid";
    case Activation::relu6: return "relu6";
  }
  throw InternalError("unknown activation value");
}

/// What stands behind "leaky_relu:".
double parse_slope(std::string_view text) {
  double slope = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slope);
  if (error != std::errc() || end != text.data() + text.size() || !(slope > -1 && slope < 1)) {
    throw UsageError("the slope of leaky_relu must be a number between -1 and 1, got '" + std::string(text) + "'");
  }
  return slope;
}

}  // namespace

std::string to_string(Activation activation) {
  std::string name(name_of(activation));
  if (activation != Activation::leaky_relu || activation.slope() == kLeakyReluSlope) return name;
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), activation.slope()).ptr;
  return name.append(":").append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

Activation parse_activation(std::string_view name) {
  constexpr std::string_view kWithSlope = "leaky_relu:";
  if (name.starts_with(kWithSlope)) return {Activation::leaky_relu, parse_slope(name.substr(kWithSlope.size()))};
  for (const Activation activation : kActivations) {
    if (name_of(activation) == name) return activation;
  }
  std::string known;
  for (const Activation activation : kActivations) known.append(" ").append(name_of(activation));
  throw UsageError("unknown activation '" + std::string(name) + "'; known are:" + known +
                   "; leaky_relu:SLOPE is one with another slope than 0.01");
}

double activate(Activation activation, double z) {
  switch (activation) {
    case Activation::relu: return z > 0 ? z : 0;
    case Activation::gelu: return 0.5 * z * (1 + std::erf(z / std::numbers::sqrt2));
    case Activation::silu: return z / (1 + std::exp(-z));
    case Activation::tanh: return std::tanh(z);
    case Activation::leaky_relu: return z > 0 ? z : activation.slope() * z;
    case Activation::identity: return z;
    case Activation::gelu_tanh: return 0.5 * z * (1 + std::tanh(gelu_argument(z)));
    case Activation::elu: return z > 0 ? z : std::expm1(z);
    case Activation::softplus: return std::max(z, 0.0) + std::log1p(std::exp(-std::fabs(z)));
    case Activation::sigmoid: return 1 / (1 + std::exp(-z));
    case Activation::relu6: return std::clamp(z, 0.0, kReluCap);
  }
  throw InternalError("unknown activation value");
}

double activate_derivative(Activation activation, double z) {
  switch (activation) {
    case Activation::relu: return z > 0 ? 1 : 0;
    case Activation::gelu: {
      const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
      return 0.5 * (1 + std::erf(z / std::numbers::sqrt2)) + z * density;
    }
    case Activation::silu: {
      const double s = 1 / (1 + std::exp(-z));
      return s * (1 + z * (1 - s));
    }
    case Activation::tanh: {
      const double t = std::tanh(z);
      return 1 - t * t;
    }
    case Activation::leaky_relu: return z > 0 ? 1 : activation.slope();
    case Activation::identity: return 1;
    case Activation::gelu_tanh: {
      const double t = std::tanh(gelu_argument(z));
      const double inner = std::sqrt(2 / std::numbers::pi) * (1 + 3 * kGeluCube * z * z);
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * inner;
    }
    case Activation::elu: return std::exp(std::min(z, 0.0));
    case Activation::softplus: return 1 / (1 + std::exp(-z));
    case Activation::sigmoid: {
      const double s = 1 / (1 + std::exp(-z));
      return s * (1 - s);
    }
    case Activation::relu6: return z > 0 && z < kReluCap ? 1 : 0;
  }
  throw InternalError("unknown activation value");
}

}  // namespace kintsugi
