#pragma once

#include <filesystem>
#include <string>

#include "cli/option_table.hpp"
#include "kintsugi/core/parameters.hpp"

namespace kintsugi::cli {

/// Sets what an INI file names: `member = value` below `[group]`, or `group.member = value`; # starts a comment. Throws
/// UsageError that names the file and the line: an unknown name (with a guess at what it was to be), a value that is no
/// number or out of range, a name that comes twice.
void read_parameters(const std::filesystem::path& path, Parameters& parameters);

/// All of them as a file that read_parameters() reads back, each below a comment with its unit, its range and the
/// reason for its default.
[[nodiscard]] std::string print_parameters(const Parameters& parameters);

/// "descent.probes = 8 (16), ...": those that are not at their default, which stands behind; empty where all are.
[[nodiscard]] std::string describe_changes(const std::vector<ChangedParameter>& changed);

/// Adds the option --parameters FILE.
void declare_parameters(OptionTable& options, Parameters& parameters);

}  // namespace kintsugi::cli
