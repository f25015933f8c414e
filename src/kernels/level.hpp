#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace kintsugi::kernels {

/// The levels of processors that the kernels' own code was compiled for, lowest first, by their names in the ABI of
/// x86-64: "x86-64-v2", ... A build for one kind of processor has one level without a name.
[[nodiscard]] std::vector<std::string_view> levels();

/// Place in levels() of the level in use: at first the highest that this processor runs.
[[nodiscard]] std::size_t level() noexcept;

/// Goes over to levels()[place] and has libxsmm do likewise. Levels may differ in rounding. Not thread-safe; kernels
/// that were made before stay as they are. Throws UsageError where this processor cannot run that level.
void use_level(std::size_t place);

/// The same by name. Throws UsageError where there is no such level, too.
void use_level(std::string_view name);

}  // namespace kintsugi::kernels
