#include "cli/start_option.hpp"

#include <algorithm>
#include <utility>

#include "solve/starts.hpp"

namespace kintsugi::cli {

std::vector<std::string> start_choices() {
  std::vector<std::string> names = solve_start_names();
  names.insert(names.begin(), "auto");
  return names;
}

bool is_start_name(const std::string& word) {
  const std::vector<std::string> names = start_choices();
  return std::ranges::find(names, word) != names.end();
}

void declare_start(OptionTable& options, std::string value_name, std::string help, Value value) {
  options.option("start", std::move(value_name), std::move(help), std::move(value));
  options.also_known_as("seed-order");
}

}  // namespace kintsugi::cli
