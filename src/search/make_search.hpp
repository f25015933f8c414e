#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "search/clues.hpp"
#include "search/island_search.hpp"

namespace kintsugi {

/// The names that make_search() knows.
[[nodiscard]] std::vector<std::string> search_names();

/// What an island's search is made from. The references must outlive the search.
struct SearchContext {
  Evaluator& evaluator;
  LinearModel& model;
  const Parameters& parameters;
  MemoryBudget memory{};
  std::uint64_t seed = 1;  ///< random numbers are a function of this and the island's number
  int island = 0;
  SearchClues clues{};
};

/// The search of that name, for one island. Throws UsageError that lists the known names.
[[nodiscard]] std::unique_ptr<IslandSearch> make_search(std::string_view name, const SearchContext& context);

}  // namespace kintsugi
