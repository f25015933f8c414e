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

/// How sure a solve is, as far as it knows before its end.
struct Sureness {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::size_t pairs = 0;
  std::size_t sure_pairs = 0;
  double same_order = kUnknown;    ///< share of the pairs of blocks in one order in the best orders of all islands
  double kept_order = kUnknown;    ///< the same share of the best order now and that of a while ago
  double kept_seconds = kUnknown;  ///< how long ago
};

/// Where a solve is: what it is doing, how far it has come and how sure it is.
class Progress {
 public:
  void doing(std::string what) { doing_ = std::move(what); }
  void on_pairs(const std::vector<PairScore>& pairs);
  void on_step(const TrajectoryEntry& entry);
  void on_exchange(const ExchangeReport& report);
  /// The best order so far, by its pieces. Of use where one is asked for: not where islands can be compared.
  void on_order(const std::vector<int>& permutation);
  [[nodiscard]] bool order_due() const;

  /// Wall time since this was made.
  [[nodiscard]] double seconds() const { return since_begin_.seconds(); }
  [[nodiscard]] const std::string& what() const { return doing_; }
  [[nodiscard]] bool has_step() const { return !recent_.empty(); }
  /// The latest row of the search.
  [[nodiscard]] const TrajectoryEntry& latest() const { return latest_; }
  /// Evaluations a second over the last half minute or so; 0 where nothing is known.
  [[nodiscard]] double rate() const;
  [[nodiscard]] const Sureness& sure() const { return sure_; }

 private:
  struct Mark {
    double seconds;
    std::int64_t evaluations;
  };
  struct BestOrder {
    double seconds;
    std::vector<int> blocks;  ///< by their expand pieces
  };

  Stopwatch since_begin_;
  std::string doing_ = "reading";
  TrajectoryEntry latest_;
  std::deque<Mark> recent_;
  std::deque<BestOrder> orders_;  ///< those that differ from the one before
  double last_order_ = 0;
  Sureness sure_;
};

/// "12 s", "1:23", "2:05:01", "1-02:05:01".
[[nodiscard]] std::string clock_text(double seconds);
/// "183 evals/s", "1.2 evals/min"; "" where nothing is known.
[[nodiscard]] std::string rate_text(double per_second);
/// "48/48 pairs sure"; "" where nothing is known.
[[nodiscard]] std::string pair_sureness_text(const Sureness& sure);
/// "islands agree on 93 %", "order 98 % as 30 s ago", "order unchanged for 1:10"; "" where nothing is known.
[[nodiscard]] std::string order_sureness_text(const Sureness& sure);
/// Both.
[[nodiscard]] std::string sureness_text(const Sureness& sure);
/// "14:03:12", "2026-11-27 14:03:12 UTC" and "2026-11-27T14:03:12.250Z", all in UTC.
[[nodiscard]] std::string time_of_day();
[[nodiscard]] std::string date_and_time();
[[nodiscard]] std::string time_stamp();

}  // namespace kintsugi::cli
