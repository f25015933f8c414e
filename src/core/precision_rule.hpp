#pragma once

namespace kintsugi {

/// MSEs of an order, and those that the pieces' rounding to half precision explains (ErrorFloor::precision_target()):
/// of errors as they are, and as find_scales() has them, so that neither a large output nor an outlying row hides
/// others' errors. The one rule of `solve` and `verify`.
struct PrecisionErrors {
  double plain = 0;
  double plain_target = 0;  ///< 0: the pieces are float32
  double scaled = 0;
  double scaled_target = 0;

  [[nodiscard]] bool explained() const {
    return plain_target > 0 && plain <= plain_target && scaled_target > 0 && scaled <= scaled_target;
  }
};

}  // namespace kintsugi
