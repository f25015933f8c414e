#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::mpi {

/// A listener on each rank. One that is signalled tells all others, by messages that they look for whenever they are
/// asked, so that none of them works on for long towards a point where it would learn of it.
class SharedStop final : public StopListener {
 public:
  struct Sources {
    double seconds = 0;                         ///< of wall time from now on; 0: no limit
    std::function<bool()> signalled{};          ///< whether somebody asks this rank to stop
    std::function<void(StopReason)> on_stop{};  ///< called once, where this rank hears of it
  };

  /// Collective over `world`.
  SharedStop(const Comm& world, Sources sources);
  ~SharedStop() override;

 private:
  [[nodiscard]] StopReason listen() override;
  void on_heard(StopReason reason) override;
  /// What another rank says, if any does.
  [[nodiscard]] StopReason receive();
  void tell_others(StopReason reason);

  Comm comm_;
  Sources sources_;
  Stopwatch since_begin_;
  std::int32_t number_;  // of this object: a word that comes late is not taken for one to a later object
  std::array<std::int32_t, 2> word_{};
  std::vector<MPI_Request> sent_;
};

/// Throws Stopped on all ranks where any has heard of a stop. Collective.
void stop_together(const Comm& comm);

/// Comm::sum(), and stop_together() with it: nothing is summed up where it throws. Collective.
void sum_or_stop(const Comm& comm, std::vector<std::int64_t>& values);

}  // namespace kintsugi::mpi
