#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "core/stopwatch.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/search/observer.hpp"

namespace kintsugi::cli {

/// Where a solve is: what it is doing, how far it has come and how sure it is.
class Progress {
 public:
  void doing(std::string what) { doing_ = std::move(what); }
  void on_pairs(const std::vector<PairScore>& pairs);
  void on_step(const TrajectoryEntry& entry);
  void on_exchange(const ExchangeReport& report);

  /// Wall time since this was made.
  [[nodiscard]] double seconds() const { return since_begin_.seconds(); }
  [[nodiscard]] const std::string& what() const { return doing_; }
  [[nodiscard]] bool has_step() const { return !recent_.empty(); }
  /// The latest row of the search.
  [[nodiscard]] const TrajectoryEntry& latest() const { return latest_; }
  /// Evaluations a second over the last half minute or so; 0 where nothing is known.
  [[nodiscard]] double rate() const;
  [[nodiscard]] std::size_t pairs() const { return pairs_; }
  [[nodiscard]] std::size_t sure_pairs() const { return sure_pairs_; }
  /// Share of the pairs of blocks that stand in the same order in the best orders of all islands; NaN: there is one.
  [[nodiscard]] double same_order() const { return same_order_; }

 private:
  struct Mark {
    double seconds;
    std::int64_t evaluations;
  };

  Stopwatch since_begin_;
  std::string doing_ = "reading";
  TrajectoryEntry latest_;
  std::deque<Mark> recent_;
  std::size_t pairs_ = 0;
  std::size_t sure_pairs_ = 0;
  double same_order_ = std::numeric_limits<double>::quiet_NaN();
};

/// "12 s", "1:23", "2:05:01", "1-02:05:01".
[[nodiscard]] std::string clock_text(double seconds);
/// "183 evals/s", "1.2 evals/min"; "" where nothing is known.
[[nodiscard]] std::string rate_text(double per_second);
/// "48/48 pairs sure, islands agree on 93 %": of the pairs of blocks, which are in one order in the best orders of all;
/// "" where nothing is known.
[[nodiscard]] std::string sureness_text(std::size_t pairs, std::size_t sure_pairs, double same_order);
/// "14:03:12", "2026-11-27 14:03:12 UTC" and "2026-11-27T14:03:12.250Z", all in UTC.
[[nodiscard]] std::string time_of_day();
[[nodiscard]] std::string date_and_time();
[[nodiscard]] std::string time_stamp();

}  // namespace kintsugi::cli
