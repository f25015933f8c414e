#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/aligned.hpp"

namespace kintsugi {

enum class OptimizerKind { adam, adamw, sgd };

[[nodiscard]] std::string_view to_string(OptimizerKind kind);
/// Throws UsageError that lists the known names.
[[nodiscard]] OptimizerKind parse_optimizer(std::string_view name);

/// The names and defaults are those of PyTorch's torch.optim.Adam, AdamW and SGD, but for the weight decay of AdamW,
/// which is 0 here too unless given.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adam;
  double learning_rate = 1e-3;
  double weight_decay = 0;   ///< adam, sgd: added to the gradient; adamw: decoupled
  double beta1 = 0.9;        ///< adam, adamw
  double beta2 = 0.999;      ///< adam, adamw
  double epsilon = 1e-8;     ///< adam, adamw
  double momentum = 0.9;     ///< sgd
  std::int64_t warm_up = 0;  ///< the learning rate grows linearly over so many steps
};

/// Steps of a gradient descent as PyTorch documents them (https://pytorch.org/docs/stable/optim.html), in float32:
/// Adam (Kingma and Ba, arXiv:1412.6980), AdamW (Loshchilov and Hutter, arXiv:1711.05101), SGD with momentum
/// (dampening 0, no Nesterov).
class Optimizer {
 public:
  /// Throws UsageError that names the option, the rule and the value.
  Optimizer(const OptimizerOptions& options, std::size_t parameters);

  /// One step; both spans have the number of parameters given before.
  void step(std::span<float> parameters, std::span<const float> gradient);

  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }

 private:
  OptimizerOptions options_;
  std::int64_t steps_ = 0;
  kernels::TileBuffer first_;   // mean of gradients; the momentum buffer of sgd
  kernels::TileBuffer second_;  // mean of their squares
};

}  // namespace kintsugi
