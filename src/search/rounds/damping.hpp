#pragma once

#include <algorithm>

#include "core/state_archive.hpp"
#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// The damping of Gauss-Newton steps (Levenberg 1944, Marquardt 1963): raised after a round that diverged, lowered
/// after one that did not.
class Damping {
 public:
  explicit Damping(const GaussNewtonParameters& parameters) : parameters_(parameters), value_(parameters.damping) {}

  [[nodiscard]] double value() const noexcept { return value_; }
  void update(bool diverged) {
    const double changed = diverged ? value_ * parameters_.damping_factor : value_ / parameters_.damping_factor;
    value_ = std::clamp(changed, parameters_.damping, parameters_.max_damping);
  }
  void state(StateArchive& archive) {
    archive(value_);
    archive.require(value_ >= 0);
  }

 private:
  GaussNewtonParameters parameters_;
  double value_;
};

}  // namespace kintsugi
