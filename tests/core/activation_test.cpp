#include "kintsugi/core/activation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

class EachActivation : public ::testing::TestWithParam<Activation> {};

TEST_P(EachActivation, DerivativeIsTheSlope) {
  for (double z = -8; z <= 8; z += 0.0625) {
    if (z == 0 || z == 6) continue;  // the kinks of relu, leaky_relu and relu6
    const double step = 1e-5;
    const double slope = (activate(GetParam(), z + step) - activate(GetParam(), z - step)) / (2 * step);
    EXPECT_NEAR(activate_derivative(GetParam(), z), slope, 1e-9) << "at " << z;
  }
}

TEST_P(EachActivation, IsContinuousAndFiniteFarOut) {
  const double at_zero = activate(GetParam(), 0);
  EXPECT_EQ(at_zero, GetParam() == Activation::sigmoid ? 0.5 : GetParam() == Activation::softplus ? std::log(2.0) : 0);
  EXPECT_NEAR(activate(GetParam(), 1e-12), at_zero, 2e-12);
  EXPECT_NEAR(activate(GetParam(), -1e-12), at_zero, 2e-12);
  for (const double z : {-1e4, -800.0, 800.0, 1e4}) {
    EXPECT_TRUE(std::isfinite(activate(GetParam(), z))) << z;
    EXPECT_TRUE(std::isfinite(activate_derivative(GetParam(), z))) << z;
  }
}

TEST_P(EachActivation, NameIsReadBack) { EXPECT_EQ(parse_activation(to_string(GetParam())), GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, EachActivation, ::testing::ValuesIn(kActivations),
                         [](const auto& test) { return to_string(test.param); });
INSTANTIATE_TEST_SUITE_P(Slope, EachActivation,
                         ::testing::Values(Activation(Activation::leaky_relu, 0.2),
                                           Activation(Activation::leaky_relu, -0.3)));

TEST(Activation, SlopesOfLeakyReluHaveNames) {
  EXPECT_EQ(to_string(Activation(Activation::leaky_relu)), "leaky_relu");
  EXPECT_EQ(to_string({Activation::leaky_relu, 0.2}), "leaky_relu:0.2");
  EXPECT_EQ(parse_activation("leaky_relu:0.01"), Activation(Activation::leaky_relu));
  EXPECT_NE(parse_activation("leaky_relu:0.2"), Activation(Activation::leaky_relu));
  EXPECT_TRUE(parse_activation("leaky_relu:0.2") == Activation::leaky_relu) << "the kind, whatever the slope";
  EXPECT_EQ(activate(parse_activation("leaky_relu:0.2"), -3), -0.6000000000000001);
  for (const std::string name : {"leaky_relu:", "leaky_relu:x", "leaky_relu:1", "leaky_relu:0.2 ", "leaky_relu:nan"}) {
    EXPECT_THROW((void)parse_activation(name), UsageError) << name;
  }
}

// Values of torch.nn.functional at 1 and -1, by their definitions.
TEST(Activation, IsPyTorchs) {
  EXPECT_EQ(activate(Activation::relu, 1.5), 1.5);
  EXPECT_EQ(activate(Activation::relu, -1.5), 0);
  EXPECT_NEAR(activate(Activation::gelu, 1), 0.8413447460685429, 1e-15);
  EXPECT_NEAR(activate(Activation::gelu, -1), -0.15865525393145707, 1e-15);
  EXPECT_NEAR(activate(Activation::silu, 1), 0.7310585786300049, 1e-15);
  EXPECT_NEAR(activate(Activation::silu, -1), -0.2689414213699951, 1e-15);
  EXPECT_NEAR(activate(Activation::tanh, 1), 0.7615941559557649, 1e-15);
  EXPECT_NEAR(activate(Activation::leaky_relu, -3), -0.03, 1e-15);
  EXPECT_EQ(activate(Activation::identity, -3), -3);
  EXPECT_NEAR(activate(Activation::gelu_tanh, 1), 0.8411919906082768, 1e-15);
  EXPECT_NEAR(activate(Activation::elu, -1), -0.6321205588285577, 1e-15);
  EXPECT_EQ(activate(Activation::elu, 2), 2);
  EXPECT_NEAR(activate(Activation::softplus, 1), 1.3132616875182228, 1e-15);
  EXPECT_NEAR(activate(Activation::sigmoid, 1), 0.7310585786300049, 1e-15);
  EXPECT_EQ(activate(Activation::relu6, 7), 6);
  EXPECT_EQ(activate(Activation::relu6, -7), 0);
}

TEST(Activation, DerivativeAtTheKinkIsPyTorchs) {
  EXPECT_EQ(activate_derivative(Activation::relu, 0), 0);
  EXPECT_EQ(activate_derivative(Activation::leaky_relu, 0), kLeakyReluSlope);
}

TEST(Activation, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const std::string name : {"RELU", "", "relu ", "swish"}) {
    try {
      (void)parse_activation(name);
      FAIL() << "'" << name << "' was taken";
    } catch (const UsageError& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("'" + name + "'"), std::string::npos);
      for (const Activation known : kActivations) {
        EXPECT_NE(std::string(error.what()).find(to_string(known)), std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace kintsugi
