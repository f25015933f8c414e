#include "kintsugi/core/activation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr double kReluCap = 6;
constexpr double kGeluCube = 0.044715;

/// What gelu by tanh takes the tanh of.
double gelu_argument(double z) { return std::sqrt(2 / std::numbers::pi) * (z + kGeluCube * z * z * z); }

}  // namespace

std::string_view to_string(Activation activation) {
  switch (activation) {
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

Activation parse_activation(std::string_view name) {
  for (const Activation activation : kActivations) {
    if (to_string(activation) == name) return activation;
  }
  std::string known;
  for (const Activation activation : kActivations) (known += ' ') += to_string(activation);
  throw UsageError("unknown activation '" + std::string(name) + "'; known are:" + known);
}

double activate(Activation activation, double z) {
  switch (activation) {
    case Activation::relu: return z > 0 ? z : 0;
    case Activation::gelu: return 0.5 * z * (1 + std::erf(z / std::numbers::sqrt2));
    case Activation::silu: return z / (1 + std::exp(-z));
    case Activation::tanh: return std::tanh(z);
    case Activation::leaky_relu: return z > 0 ? z : kLeakyReluSlope * z;
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
    case Activation::leaky_relu: return z > 0 ? 1 : kLeakyReluSlope;
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
