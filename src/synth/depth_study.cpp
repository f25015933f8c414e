#include "synth/depth_study.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "synth/forward_f64.hpp"

namespace kintsugi {

double rank_correlation_with_place(std::span<const double> values) {
  const std::size_t n = values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const double middle = (static_cast<double>(n) - 1) / 2;
  double product = 0;
  double rank_square = 0;
  double place_square = 0;
  for (std::size_t first = 0; first < n;) {
    std::size_t end = first;
    while (end < n && values[order[end]] == values[order[first]]) ++end;
    const double rank = static_cast<double>(first + end - 1) / 2 - middle;
    for (; first < end; ++first) {
      const double place = static_cast<double>(order[first]) - middle;
      product += rank * place;
      rank_square += rank * rank;
      place_square += place * place;
    }
  }
  return rank_square > 0 ? product / std::sqrt(rank_square * place_square) : 0;
}

struct DepthStudy::Impl {
  Eigen::MatrixXd inputs;  // [d x n]
  Activation activation = Activation::relu;
  BlockForm form;
  std::vector<double> frobenius;
  std::vector<double> l1;
  std::vector<double> delta;
};

DepthStudy::DepthStudy(std::span<const float> inputs, std::size_t width, Activation activation, const BlockForm& form)
    : impl_(std::make_unique<Impl>()) {
  const auto d = static_cast<Eigen::Index>(width);
  const auto n = static_cast<Eigen::Index>(inputs.size() / width);
  impl_->inputs = Eigen::Map<const Eigen::MatrixXf>(inputs.data(), d, n).cast<double>();
  impl_->activation = activation;
  impl_->form = form;
}

DepthStudy::~DepthStudy() = default;

void DepthStudy::add(const ResidualBlock& block) {
  const std::vector<float>& weight = block.compress.weight;
  const Eigen::ArrayXd values =
      Eigen::Map<const Eigen::ArrayXf>(weight.data(), static_cast<Eigen::Index>(weight.size())).cast<double>();
  impl_->frobenius.push_back(values.matrix().norm());
  impl_->l1.push_back(values.abs().mean());
  Eigen::MatrixXd states = impl_->inputs;
  apply_block(block, impl_->activation, impl_->form, states);
  impl_->delta.push_back((states - impl_->inputs).colwise().norm().mean());
}

DepthCorrelations DepthStudy::correlations() const {
  return {rank_correlation_with_place(impl_->frobenius), rank_correlation_with_place(impl_->l1),
          rank_correlation_with_place(impl_->delta)};
}

}  // namespace kintsugi
