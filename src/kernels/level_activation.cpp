// Activations on tiles. Eigen's packet functions give vectorised exp, tanh and erf within a few units in the last
// place.
#include <Eigen/Core>
#include <numbers>
#include <unsupported/Eigen/SpecialFunctions>

#include "kernels/code.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels::level_code {

namespace {

using Row = Eigen::Array<float, static_cast<int>(kTileRows), 1>;
using RowMap = Eigen::Map<Row, Eigen::Aligned64>;

constexpr float kInvSqrt2 = 1 / std::numbers::sqrt2_v<float>;
constexpr float kInvSqrt2Pi = kInvSqrt2 * std::numbers::inv_sqrtpi_v<float>;

// Calls apply(values of feature j with its bias added, j) for every feature.
template <class Apply>
void for_each_feature(const float* bias, std::size_t features, float* z, const Apply& apply) {
  for (std::size_t j = 0; j < features; ++j) {
    RowMap values(z + j * kTileRows);
    values += bias[j];
    apply(values, j);
  }
}

Row normal_cdf(const Row& z) { return 0.5F * (1.0F + (z * kInvSqrt2).erf()); }
constexpr float kReluCap = 6;
constexpr float kGeluCube = 0.044715F;
constexpr float kGeluScale = std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>;

Row gelu_tangent(const Row& z) { return (kGeluScale * (z + kGeluCube * z * z * z)).tanh(); }
Row softplus(const Row& z) { return z.max(0.0F) + (-z.abs()).exp().log1p(); }
Row elu(const Row& z) { return z.max(0.0F) + z.min(0.0F).expm1(); }
Row sigmoid(const Row& z) { return 1.0F / (1.0F + (-z).exp()); }

// A plain loop: Eigen's comparisons and casts of booleans are not vectorised.
void set_where_positive(const RowMap& v, float positive, float other, RowMap& s) {
  for (Eigen::Index i = 0; i < v.size(); ++i) s.data()[i] = v.data()[i] > 0.0F ? positive : other;
}

}  // namespace

void activate_tile(Activation activation, const float* bias, std::size_t features, float* z) {
  const auto each = [&](const auto& apply) { for_each_feature(bias, features, z, apply); };
  const auto below = static_cast<float>(activation.slope());
  switch (activation) {
    case Activation::relu: return each([](RowMap& v, std::size_t) { v = v.max(0.0F); });
    case Activation::gelu: return each([](RowMap& v, std::size_t) { v *= normal_cdf(v); });
    case Activation::silu: return each([](RowMap& v, std::size_t) { v *= sigmoid(v); });
    case Activation::tanh: return each([](RowMap& v, std::size_t) { v = v.tanh(); });
    case Activation::leaky_relu: return each([&](RowMap& v, std::size_t) { v = v.max(below * v); });
    case Activation::identity: return each([](RowMap&, std::size_t) {});
    case Activation::gelu_tanh: return each([](RowMap& v, std::size_t) { v *= 0.5F * (1.0F + gelu_tangent(v)); });
    case Activation::elu: return each([](RowMap& v, std::size_t) { v = elu(v); });
    case Activation::softplus: return each([](RowMap& v, std::size_t) { v = softplus(v); });
    case Activation::sigmoid: return each([](RowMap& v, std::size_t) { v = sigmoid(v); });
    case Activation::relu6: return each([](RowMap& v, std::size_t) { v = v.max(0.0F).min(kReluCap); });
  }
  throw InternalError("unknown activation value");
}

void activate_tile_with_slope(Activation activation, const float* bias, std::size_t features, float* z, float* slope) {
  const auto each = [&](const auto& apply) {
    for_each_feature(bias, features, z, [&](RowMap& v, std::size_t j) {
      RowMap s(slope + j * kTileRows);
      apply(v, s);
    });
  };
  const auto below = static_cast<float>(activation.slope());
  switch (activation) {
    case Activation::relu:
      return each([](RowMap& v, RowMap& s) {
        set_where_positive(v, 1.0F, 0.0F, s);
        v = v.max(0.0F);
      });
    case Activation::gelu:
      return each([](RowMap& v, RowMap& s) {
        const Row cdf = normal_cdf(v);
        s = cdf + v * kInvSqrt2Pi * (-0.5F * v * v).exp();
        v *= cdf;
      });
    case Activation::silu:
      return each([](RowMap& v, RowMap& s) {
        const Row share = sigmoid(v);
        s = share * (1.0F + v * (1.0F - share));
        v *= share;
      });
    case Activation::tanh:
      return each([](RowMap& v, RowMap& s) {
        v = v.tanh();
        s = 1.0F - v * v;
      });
    case Activation::leaky_relu:
      return each([&](RowMap& v, RowMap& s) {
        set_where_positive(v, 1.0F, below, s);
        v = v.max(below * v);
      });
    case Activation::identity: return each([](RowMap&, RowMap& s) { s = 1.0F; });
    case Activation::gelu_tanh:
      return each([](RowMap& v, RowMap& s) {
        const Row t = gelu_tangent(v);
        s = 0.5F * (1.0F + t) + 0.5F * v * (1.0F - t * t) * kGeluScale * (1.0F + 3.0F * kGeluCube * v * v);
        v *= 0.5F * (1.0F + t);
      });
    case Activation::elu:
      return each([](RowMap& v, RowMap& s) {
        s = v.min(0.0F).exp();
        v = elu(v);
      });
    case Activation::softplus:
      return each([](RowMap& v, RowMap& s) {
        s = sigmoid(v);
        v = softplus(v);
      });
    case Activation::sigmoid:
      return each([](RowMap& v, RowMap& s) {
        v = sigmoid(v);
        s = v * (1.0F - v);
      });
    case Activation::relu6:
      return each([](RowMap& v, RowMap& s) {
        for (Eigen::Index i = 0; i < v.size(); ++i)
          s.data()[i] = v.data()[i] > 0.0F && v.data()[i] < kReluCap ? 1.0F : 0.0F;
        v = v.max(0.0F).min(kReluCap);
      });
  }
  throw InternalError("unknown activation value");
}

}  // namespace kintsugi::kernels::level_code
