#pragma once

#include <cstdint>

#include "kintsugi/core/solution.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/search/options.hpp"

namespace kintsugi {

/// What a rank has seen that bears on whether the search goes on.
struct StopVotes {
  bool solved = false;          ///< an island has solved the problem
  bool noise = false;           ///< what an island's best order leaves is noise
  bool searching = false;       ///< an island's search leads on
  bool stop_requested = false;  ///< a signal may have come to any rank
  bool late = false;            ///< the time limit is over, by any rank's clock
  bool checkpoint_due = false;  ///< rank 0's word
  bool order_due = false;       ///< rank 0's word
};

/// What any of the ranks has seen. Collective.
[[nodiscard]] StopVotes agree_on(const mpi::Comm& world, const StopVotes& own);

struct StopDecision {
  bool stop = false;
  bool checkpoint = false;  ///< the state is to be handed out now
  bool order = false;       ///< the best order is to be handed out now
  Status status = Status::not_solved;
};

/// Whether the search ends, and as what. `evaluations`: exact ones of the whole network so far, of all islands.
[[nodiscard]] StopDecision decide(const StopVotes& votes, std::int64_t evaluations, const SearchOptions& options);

}  // namespace kintsugi
