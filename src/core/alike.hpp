#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// Which of some pieces' weights are alike: they differ by at most a share of the norm (PairingParameters::alike), so
/// that what tells such pieces apart is faint beside what they are.
class Likeness {
 public:
  /// What the spans refer to must outlive the object.
  Likeness(std::vector<std::span<const float>> pieces, const PairingParameters& parameters);

  /// Pieces of another size are never alike.
  [[nodiscard]] bool operator()(std::size_t a, std::size_t b) const;
  /// Euclidean norm of all numbers.
  [[nodiscard]] double norm(std::size_t piece) const { return norms_[piece]; }

 private:
  std::vector<std::span<const float>> pieces_;
  std::vector<double> norms_;
  std::vector<double> first_norms_;  // of the first numbers
  double share_;
  std::size_t first_;
};

}  // namespace kintsugi
