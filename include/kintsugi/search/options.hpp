#pragma once

#include <cstdint>
#include <string>

#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// What a user can choose about a search; every field is an option of `kintsugi solve`.
struct SearchOptions {
  std::uint64_t seed = 1;    ///< of all random numbers
  int islands = 1;           ///< groups of ranks that search on their own
  int candidate_groups = 0;  ///< grid of an island: candidate groups x row groups; 0: chosen
  int row_groups = 0;
  std::string topology = "all";      ///< how islands hear of each other's orders: all, ring, none
  std::string search = "auto";       ///< a search's name, or auto
  std::int64_t sample_rows = 0;      ///< rows of the first sample; 0: chosen
  double time_limit = 0;             ///< seconds of wall time; 0: none
  std::int64_t max_evaluations = 0;  ///< exact evaluations of the whole network; 0: none
  double tolerance = 0;              ///< MSE that counts as solved; 0: estimated from the data
  Parameters parameters;             ///< every tuned number
};

}  // namespace kintsugi
