#pragma once

#include "io/hdf5.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::problem_format {

/// Root attributes of a problem.h5 that provenance may not use.
[[nodiscard]] bool is_reserved(const std::string& attribute);

/// Writes the root's attributes. Throws InternalError where provenance uses a reserved one.
void write_root(h5::Image& image, Activation activation, const Provenance& provenance);

}  // namespace kintsugi::problem_format
