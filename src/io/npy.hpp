#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi::npy {

inline constexpr std::size_t kMaxHeader = 10'000;  // bytes, NumPy's own limit

/// What stands before an array's numbers.
struct Header {
  TensorType type = TensorType::float32;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t data = 0;  ///< where the numbers begin, in bytes
};

/// Reads the header of a .npy file, versions 1 to 3. Throws InputError that names `place` and the rule.
[[nodiscard]] Header parse_header(std::span<const char> file, const std::string& place);

}  // namespace kintsugi::npy
