#include "synth/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

using Values = std::vector<float>;

/// The documented formulas, in float64, one parameter at a time.
struct Reference {
  OptimizerOptions o;
  double theta;
  double m = 0;
  double v = 0;
  double buffer = 0;

  void step(int t, double g) {
    const double rate =
        o.warm_up > 0 ? o.learning_rate * std::min(1.0, t / static_cast<double>(o.warm_up)) : o.learning_rate;
    if (o.kind == OptimizerKind::adamw) {
      theta -= rate * o.weight_decay * theta;
    } else {
      g += o.weight_decay * theta;
    }
    if (o.kind == OptimizerKind::sgd) {
      buffer = t == 1 ? g : o.momentum * buffer + g;
      theta -= rate * buffer;
      return;
    }
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(o.beta1, t));
    const double v_hat = v / (1 - std::pow(o.beta2, t));
    theta -= rate * m_hat / (std::sqrt(v_hat) + o.epsilon);
  }
};

OptimizerOptions options_of(OptimizerKind kind, double rate, double decay) {
  OptimizerOptions options;
  options.kind = kind;
  options.learning_rate = rate;
  options.weight_decay = decay;
  return options;
}

TEST(Optimizer, FirstStepsByHand) {
  // Adam's first step has size lr whatever the gradient: m_hat = g, sqrt(v_hat) = |g|.
  Values theta{1.0F, -2.0F};
  const Values g{0.5F, -4.0F};
  Optimizer adam(options_of(OptimizerKind::adam, 0.1, 0), 2);
  adam.step(theta, g);
  EXPECT_NEAR(theta[0], 0.9, 1e-6);
  EXPECT_NEAR(theta[1], -1.9, 1e-6);

  // AdamW shrinks the parameters by lr * decay first: 1 * (1 - 0.1 * 0.5) - 0.1.
  theta = {1.0F, -2.0F};
  Optimizer adamw(options_of(OptimizerKind::adamw, 0.1, 0.5), 2);
  adamw.step(theta, g);
  EXPECT_NEAR(theta[0], 0.85, 1e-6);
  EXPECT_NEAR(theta[1], -1.8, 1e-6);

  // SGD, momentum 0.9: 1 - 0.1 * 0.5 = 0.95; then the buffer is 0.9 * 0.5 + 0.5 = 0.95, and 0.95 - 0.095 = 0.855.
  theta = {1.0F, -2.0F};
  Optimizer sgd(options_of(OptimizerKind::sgd, 0.1, 0), 2);
  sgd.step(theta, g);
  EXPECT_NEAR(theta[0], 0.95, 1e-6);
  sgd.step(theta, g);
  EXPECT_NEAR(theta[0], 0.855, 1e-6);
  EXPECT_NEAR(theta[1], -2 + 0.4 + 0.76, 1e-6);
  EXPECT_EQ(sgd.steps(), 2);
}

TEST(Optimizer, FollowsTheDocumentedFormulas) {
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    for (const double decay : {0.0, 0.02}) {
      OptimizerOptions options = options_of(kind, 0.01, decay);
      options.beta1 = 0.8;
      options.beta2 = 0.95;
      options.momentum = 0.7;
      options.warm_up = 5;
      constexpr std::size_t kCount = 2500;  // more than one slice, and a partial one
      Values theta(kCount);
      std::vector<Reference> references;
      for (std::size_t i = 0; i < kCount; ++i) {
        theta[i] = std::sin(static_cast<float>(i));
        references.push_back({options, double{theta[i]}});
      }
      Optimizer optimizer(options, kCount);
      Values g(kCount);
      for (int t = 1; t <= 30; ++t) {
        for (std::size_t i = 0; i < kCount; ++i) {
          g[i] = std::cos(static_cast<float>(i * 7 + static_cast<std::size_t>(t) * 3)) + 0.3F * theta[i];
          references[i].step(t, double{g[i]});
        }
        optimizer.step(theta, g);
      }
      for (std::size_t i = 0; i < kCount; ++i) {
        ASSERT_NEAR(theta[i], references[i].theta, 2e-5) << to_string(kind) << ", parameter " << i;
      }
    }
  }
}

TEST(Optimizer, ZeroGradientLeavesZeroParametersAlone) {
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    Values theta(3, 0.0F);
    Optimizer optimizer(options_of(kind, 0.1, 0.1), 3);
    for (int t = 0; t < 3; ++t) optimizer.step(theta, Values(3, 0.0F));
    EXPECT_EQ(theta, Values(3, 0.0F)) << to_string(kind);
  }
}

TEST(Optimizer, RejectsImpossibleOptions) {
  const auto message = [](const OptimizerOptions& options) -> std::string {
    try {
      const Optimizer optimizer(options, 1);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  };
  OptimizerOptions options;
  options.learning_rate = -0.5;
  EXPECT_NE(message(options).find("learning rate must be above 0, not -0.5"), std::string::npos);
  options = {};
  options.beta2 = 1;
  EXPECT_NE(message(options).find("beta2 must be in [0, 1), not 1"), std::string::npos);
  options = {};
  options.warm_up = -1;
  EXPECT_NE(message(options).find("warm-up"), std::string::npos);
  EXPECT_THROW((void)parse_optimizer("adagrad"), UsageError);
  EXPECT_EQ(parse_optimizer("adamw"), OptimizerKind::adamw);
}

}  // namespace
}  // namespace kintsugi
