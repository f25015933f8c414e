#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "search/iterated.hpp"

namespace kintsugi {

/// The names that make_search() knows.
[[nodiscard]] std::vector<std::string> search_names();

/// The search of that name, for one island. Its random numbers are a function of `seed` and `island`. `doubtful` holds
/// the expand pieces of the pairs that the weights do not single out: only they trade partners. Throws UsageError that
/// lists the known names.
[[nodiscard]] std::unique_ptr<IteratedSearch> make_search(std::string_view name, Evaluator& evaluator,
                                                          LinearModel& model, std::uint64_t seed, int island,
                                                          const std::set<int>& doubtful);

}  // namespace kintsugi
