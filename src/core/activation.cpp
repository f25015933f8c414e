#include "kintsugi/core/activation.hpp"

#include <cmath>
#include <numbers>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::string_view to_string(Activation activation) {
  switch (activation) {
    case Activation::relu: return "relu";
    case Activation::gelu: return "gelu";
    case Activation::silu: return "silu";
    case Activation::tanh: return "tanh";
    case Activation::leaky_relu: return "leaky_relu";
    case Activation::identity: return "identity";
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
  }
  throw InternalError("unknown activation value");
}

}  // namespace kintsugi
