#pragma once

#include <string>
#include <vector>

#include "cli/option_table.hpp"

namespace kintsugi::cli {

/// "auto" and the starts' names.
[[nodiscard]] std::vector<std::string> start_choices();
[[nodiscard]] bool is_start_name(const std::string& word);

/// Adds the option --start, by its older name --seed-order.
void declare_start(OptionTable& options, std::string value_name, std::string help, Value value);

}  // namespace kintsugi::cli
