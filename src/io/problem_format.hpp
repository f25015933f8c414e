#pragma once

#include "io/hdf5.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::problem_format {

/// Root attributes of a problem.h5 that provenance may not use.
[[nodiscard]] bool is_reserved(const std::string& attribute);

/// Writes the root's attributes; `parts`: whether there are some. Throws InternalError where provenance uses a reserved
/// one.
void write_root(h5::Image& image, Activation activation, const BlockForm& form, bool parts,
                const Provenance& provenance);

/// Marks the group of a piece that is a part of another: attributes `part` and `of`.
void mark_part(h5::Image& image, hid_t group, PartKind kind, int owner);

}  // namespace kintsugi::problem_format
