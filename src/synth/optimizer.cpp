#include "synth/optimizer.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::array<std::pair<OptimizerKind, std::string_view>, 3> kNames{
    {{OptimizerKind::adam, "adam"}, {OptimizerKind::adamw, "adamw"}, {OptimizerKind::sgd, "sgd"}}};

/// Parameters that are stepped together, so that all their arrays stay in the first cache.
constexpr std::size_t kSlice = 1024;

void require(bool holds, const std::string& rule, double value) {
  if (!holds) throw UsageError("optimizer: " + rule + ", not " + std::to_string(value));
}

}  // namespace

std::string_view to_string(OptimizerKind kind) {
  for (const auto& [value, name] : kNames) {
    if (value == kind) return name;
  }
  throw InternalError("unknown optimizer value");
}

OptimizerKind parse_optimizer(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  throw UsageError("unknown optimizer '" + std::string(name) + "'; known are: adam adamw sgd");
}

Optimizer::Optimizer(const OptimizerOptions& options, std::size_t parameters)
    : options_(options), first_(parameters, 0.0F) {
  const OptimizerOptions& o = options_;
  require(o.learning_rate > 0 && std::isfinite(o.learning_rate), "the learning rate must be above 0", o.learning_rate);
  require(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "the weight decay must be at least 0", o.weight_decay);
  require(o.beta1 >= 0 && o.beta1 < 1, "beta1 must be in [0, 1)", o.beta1);
  require(o.beta2 >= 0 && o.beta2 < 1, "beta2 must be in [0, 1)", o.beta2);
  require(o.epsilon > 0, "epsilon must be above 0", o.epsilon);
  require(o.momentum >= 0 && o.momentum < 1, "the momentum must be in [0, 1)", o.momentum);
  require(o.warm_up >= 0, "warm-up steps must be at least 0", static_cast<double>(o.warm_up));
  if (o.kind != OptimizerKind::sgd) second_.assign(parameters, 0.0F);
}

void Optimizer::step(std::span<float> parameters, std::span<const float> gradient) {
  if (parameters.size() != first_.size() || gradient.size() != first_.size()) {
    throw InternalError("Optimizer::step: a span of the wrong size");
  }
  ++steps_;
  const OptimizerOptions& o = options_;
  const auto t = static_cast<double>(steps_);
  const double rate = o.learning_rate * (steps_ < o.warm_up ? t / static_cast<double>(o.warm_up) : 1.0);
  const auto f = [](double value) { return static_cast<float>(value); };
  const float beta1 = f(o.beta1);
  const float beta2 = f(o.beta2);
  const float size = f(rate / (1 - std::pow(o.beta1, t)));
  const float root = f(1 / std::sqrt(1 - std::pow(o.beta2, t)));
  const float coupled = f(o.kind == OptimizerKind::adamw ? 0 : o.weight_decay);
  const float kept = f(o.kind == OptimizerKind::adamw ? 1 - rate * o.weight_decay : 1);

  using Array = Eigen::Array<float, Eigen::Dynamic, 1, 0, kSlice, 1>;
  for (std::size_t begin = 0; begin < parameters.size(); begin += kSlice) {
    const auto count = static_cast<Eigen::Index>(std::min(kSlice, parameters.size() - begin));
    Eigen::Map<Array> theta(&parameters[begin], count);
    Eigen::Map<Array> m(&first_[begin], count);
    const Array g = Eigen::Map<const Array>(&gradient[begin], count) + coupled * theta;
    if (o.kind == OptimizerKind::sgd) {
      m = f(o.momentum) * m + g;
      theta -= f(rate) * m;
      continue;
    }
    Eigen::Map<Array> v(&second_[begin], count);
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g.square();
    theta = kept * theta - size * m / (v.sqrt() * root + f(o.epsilon));
  }
}

}  // namespace kintsugi
