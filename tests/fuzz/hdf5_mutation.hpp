#pragma once

#include <string>

#include "core/random.hpp"

namespace kintsugi::fuzzing {

/// Fields of an HDF5 file's structures changed to what leads astray: addresses of other structures and of themselves,
/// sizes that are huge, zero or off by one. Checksums of object headers fit again.
[[nodiscard]] std::string mutate_structure(std::string bytes, Random& random);

}  // namespace kintsugi::fuzzing
