#pragma once

#include <string>

namespace kintsugi::h5 {

/// Of the HDF5 library that this program runs with: "1.10.8".
[[nodiscard]] std::string library_version();

}  // namespace kintsugi::h5
