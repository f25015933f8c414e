#pragma once

#include "core/study_results.hpp"
#include "kintsugi/core/piece.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi {

/// How every pair score tells the pairs of `pairing` from the others. Scores that need all products cost 2 L^2 h d^2
/// flops. Not collective, deterministic.
[[nodiscard]] PairingStudy study_pairing(const Network& network, const Roles& roles, const Pairing& pairing);

}  // namespace kintsugi
