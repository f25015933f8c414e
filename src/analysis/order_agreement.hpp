#pragma once

#include <span>

#include "core/study_results.hpp"

namespace kintsugi {

/// How an order agrees with a reference: `places[p]` is the reference's position of the block at position p; negative
/// where the reference does not have it, which leaves the block out. The others' places are different. Orders of fewer
/// than two blocks agree in full.
[[nodiscard]] OrderAgreement order_agreement(std::span<const int> places);

}  // namespace kintsugi
