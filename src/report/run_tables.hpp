#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "report/runs.hpp"

namespace kintsugi::report {

/// The runs of a table with a line for each: CSV with a header, JSON (a list of objects, an object that holds one, or
/// an object a line) or what `bench --suite` prints. Columns are known by name: problem, seed, status or exit, mse,
/// pairs, tau, evaluations, search_seconds, total_seconds, ranks, blocks, repeat, kind. Others are passed over. None
/// where there is a header and nothing else. Throws InputError that names the file, the line and the rule.
[[nodiscard]] std::vector<Run> read_run_table(const std::filesystem::path& path);
/// The same of its content; `file` names it in messages.
[[nodiscard]] std::vector<Run> parse_run_table(std::string_view text, const std::string& file);

/// Sets status and `solved` by a word of the statuses. Throws InputError that begins with `place` for an unknown one.
void set_status(Run& run, std::string_view word, const std::string& place);

}  // namespace kintsugi::report
