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
  std::string topology = "all";                    ///< how islands hear of each other's orders: all, ring, none
  std::string search = "auto";                     ///< a search's name, or auto
  std::int64_t sample_rows = 0;                    ///< rows of the first sample; 0: chosen
  double time_limit = 0;                           ///< seconds of wall time; 0: none
  std::int64_t max_evaluations = 0;                ///< exact evaluations of the whole network; 0: none
  double tolerance = 0;                            ///< MSE that counts as solved; 0: estimated from the data
  std::int64_t memory = std::int64_t{5632} << 20;  ///< bytes that a rank's tables take at most; an island's together
  Parameters parameters;                           ///< every tuned number
};

/// Whether an option decides which orders are tried. A state can be resumed only under the same deciding options;
/// limits and the grid of the ranks may change.
enum class Decides { no, yes };

/// Calls visit(name, value, decides) for every option but the parameters, whose names and values describe() gives.
template <class Visit>
void visit_options(const SearchOptions& options, const Visit& visit) {
  // A new field does not compile here until it is named, and belongs into the list below.
  const auto& [seed, islands, candidate_groups, row_groups, topology, search, sample_rows, time_limit, max_evaluations,
               tolerance, memory, parameters] = options;
  visit("seed", seed, Decides::yes);
  visit("islands", islands, Decides::yes);
  visit("candidate-groups", candidate_groups, Decides::no);
  visit("row-groups", row_groups, Decides::no);
  visit("topology", topology, Decides::yes);
  visit("search", search, Decides::yes);
  visit("sample-rows", sample_rows, Decides::yes);
  visit("time-limit", time_limit, Decides::no);
  visit("max-evaluations", max_evaluations, Decides::no);
  visit("tolerance", tolerance, Decides::yes);
  visit("memory", memory, Decides::yes);
}

}  // namespace kintsugi
