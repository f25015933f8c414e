#include "analysis/bradley_terry.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "analysis/median.hpp"
#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr int kMostIterations = 500;
constexpr double kConverged = 1e-8;  // a step that is nowhere longer is the last one

double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

/// log(1 + exp(x))
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

/// logistic(a) - logistic(b), also where both are near 1.
double logistic_difference(double a, double b) {
  return a + b > 0 ? logistic(-b) - logistic(-a) : logistic(a) - logistic(b);
}

/// g_ij / T of all pairs i < j, within the certain.
Eigen::MatrixXd label_logits(std::span<const double> gains, std::size_t n, double temperature) {
  const auto size = static_cast<Eigen::Index>(n);
  Eigen::MatrixXd logits = Eigen::MatrixXd::Zero(size, size);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double gain = gains[i * n + j];
      if (std::isnan(gain)) {
        throw InputError("swapping positions " + std::to_string(i) + " and " + std::to_string(j) +
                         " gives no error that could be compared: the network overflows");
      }
      logits(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          std::clamp(gain / temperature, -kCertainGain, kCertainGain);
    }
  }
  return logits;
}

/// Cross-entropy of the labels and the model: what is minimised.
double cross_entropy(const Eigen::MatrixXd& logits, const Eigen::VectorXd& strengths) {
  double sum = 0;
  for (Eigen::Index i = 0; i < strengths.size(); ++i) {
    for (Eigen::Index j = i + 1; j < strengths.size(); ++j) {
      const double difference = strengths(i) - strengths(j);
      sum += logistic(logits(i, j)) * softplus(-difference) + logistic(-logits(i, j)) * softplus(difference);
    }
  }
  return sum;
}

Eigen::VectorXd newton_step(const Eigen::MatrixXd& logits, const Eigen::VectorXd& strengths) {
  const Eigen::Index n = strengths.size();
  Eigen::VectorXd downhill = Eigen::VectorXd::Zero(n);
  // Strengths are free up to a constant: the matrix of ones takes that direction out, and keeps the mean at 0.
  Eigen::MatrixXd hessian = Eigen::MatrixXd::Ones(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = i + 1; j < n; ++j) {
      const double difference = strengths(i) - strengths(j);
      const double miss = logistic_difference(logits(i, j), difference);
      const double weight = logistic(difference) * logistic(-difference);
      downhill(i) += miss;
      downhill(j) -= miss;
      hessian(i, i) += weight;
      hessian(j, j) += weight;
      hessian(i, j) -= weight;
      hessian(j, i) -= weight;
    }
  }
  return hessian.ldlt().solve(downhill);
}

}  // namespace

BradleyTerryFit fit_bradley_terry(std::span<const double> gains, std::size_t n, double temperature) {
  if (!(temperature > 0)) throw UsageError("temperature is " + std::to_string(temperature) + ", needs to be above 0");
  const Eigen::MatrixXd logits = label_logits(gains, n, temperature);
  Eigen::VectorXd strengths = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(n));
  double value = cross_entropy(logits, strengths);
  BradleyTerryFit fit;
  fit.temperature = temperature;
  while (!fit.converged && fit.iterations < kMostIterations && !stop_heard()) {
    ++fit.iterations;
    Eigen::VectorXd step = newton_step(logits, strengths);
    fit.converged = n == 0 || step.cwiseAbs().maxCoeff() < kConverged;
    double next = cross_entropy(logits, strengths + step);
    // Far from the maximum a whole step may lead too far.
    for (int halvings = 0; next > value && halvings < 40 && !stop_heard(); ++halvings) {
      step /= 2;
      next = cross_entropy(logits, strengths + step);
    }
    strengths += step;
    value = next;
  }
  fit.strengths.assign(strengths.data(), strengths.data() + strengths.size());
  fit.order.resize(n);
  std::iota(fit.order.begin(), fit.order.end(), 0);
  // Strengths that differ by less than the accuracy of the fit are equal: the earlier position comes first.
  const auto rounded = [&](int position) { return std::round(strengths(position) / kConverged); };
  std::ranges::stable_sort(fit.order, [&](int a, int b) { return rounded(a) > rounded(b); });
  return fit;
}

double choose_temperature(std::span<const double> gains, std::size_t n) {
  std::vector<double> neighbours;
  double least = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double size = std::fabs(gains[i * n + j]);
      if (!std::isfinite(size)) continue;
      if (j == i + 1) neighbours.push_back(size);
      if (size > 0 && (least == 0 || size < least)) least = size;
    }
  }
  if (const double middle = median_of(neighbours); middle > 0) return middle;
  return least > 0 ? least : 1;
}

}  // namespace kintsugi
