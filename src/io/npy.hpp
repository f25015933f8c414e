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
  bool big_endian = false;
  std::string problem;  ///< why the numbers cannot be read, as the rest of a sentence; empty: they can
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t data = 0;  ///< where the numbers begin, in bytes
};

/// Reads the header of a .npy file, versions 1 to 3. Throws InputError that names `place` and the rule.
[[nodiscard]] Header parse_header(std::span<const char> file, const std::string& place);

/// The array in a .npy file. Throws InputError that names `place` and the rule.
[[nodiscard]] StoredTensor open_array(std::shared_ptr<const std::vector<char>> file, std::vector<std::string> path,
                                      const std::string& place);

}  // namespace kintsugi::npy
