#pragma once

#include <cstdint>
#include <string_view>

#include "io/hdf5.hpp"
#include "io/hdf5_reader.hpp"

namespace kintsugi {

/// What marks a file of kintsugi's own, for those who write one and those who read it: the root attributes 'format'
/// ("kintsugi-" and the kind) and 'format_version'. The version is raised where a reader of the old one would go wrong.
struct FileFormat {
  std::string_view kind;
  std::int64_t version = 1;  ///< written
  std::int64_t oldest = 1;   ///< that is still read
};

inline constexpr FileFormat kProblemFormat{"problem", 2, 1};
inline constexpr FileFormat kPlainProblemFormat{"problem", 1};  // of blocks without norm, gate and scale
inline constexpr FileFormat kSolutionFormat{"solution", 3};     // 2 has events as letters, 1 calls starts seeds
inline constexpr FileFormat kCheckpointFormat{"checkpoint", 3, 3};
inline constexpr FileFormat kAnalysisFormat{"analysis", 2};  // 1 calls starts seeds

void put_format(h5::Image& image, const FileFormat& format);
/// The version of a file. Throws InputError that names the file unless its root has this format and a version that is
/// read.
std::int64_t require_format(const h5::Group& root, const FileFormat& format);

}  // namespace kintsugi
