#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "core/stopwatch.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi::cli {

/// The page of `solve --live`: renewed while a solve runs, by rank 0, so seldom that it costs the search about a
/// hundredth of its time at most. The page in the file is whole at any moment, and loads itself anew until the last
/// one.
class LivePage {
 public:
  /// `write` puts a solution file at a path. Throws UsageError where this program can make no pages.
  LivePage(std::filesystem::path page, std::function<void(const Solution&, const std::filesystem::path&)> write);

  void on_step(const TrajectoryEntry& entry);
  [[nodiscard]] bool due() const;
  /// Throws Error where it cannot be written; what was there stays.
  void renew(Solution so_far);
  void finish(const Solution& solution) { put(solution, false); }

 private:
  void put(const Solution& solution, bool goes_on);

  std::filesystem::path page_;
  std::function<void(const Solution&, const std::filesystem::path&)> write_;
  std::vector<TrajectoryEntry> rows_;
  Stopwatch since_last_;
  double pause_ = 0;
  bool renewed_ = false;
  double longest_ = 0;  ///< seconds from one page to the next so far
};

}  // namespace kintsugi::cli
