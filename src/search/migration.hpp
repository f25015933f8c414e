#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "search/iterated.hpp"

namespace kintsugi {

/// From which islands' orders an island may take one.
class Topology {
 public:
  virtual ~Topology() = default;
  [[nodiscard]] virtual std::vector<int> sources(int island, int islands) const = 0;
};

/// Each island hears of its predecessor only, so that good orders spread slowly.
class Ring final : public Topology {
 public:
  [[nodiscard]] std::vector<int> sources(int island, int islands) const override;
};

/// Each island hears of all others.
class AllToAll final : public Topology {
 public:
  [[nodiscard]] std::vector<int> sources(int island, int islands) const override;
};

[[nodiscard]] std::vector<std::string> topology_names();
/// Throws UsageError that lists the known names.
[[nodiscard]] std::unique_ptr<Topology> make_topology(std::string_view name);

/// Whether an island gives up its own order for a migrant.
class Replacement {
 public:
  /// `patience`: kicks without a new best order from which an island counts as stale. `share`: by how much of its own
  /// error the migrant must be better.
  Replacement(std::int64_t patience, double share) : patience_(patience), share_(share) {}

  /// `error` is the migrant's on the island's own sample. An island that still finds better orders of its own goes on
  /// with them.
  [[nodiscard]] bool accepts(const IteratedSearch& search, double error) const {
    return search.kicks_since_best() >= patience_ && error < search.best().mse * (1 - share_);
  }
  /// Whether accepts() can say yes for some error: others need not be evaluated.
  [[nodiscard]] bool open(const IteratedSearch& search) const { return search.kicks_since_best() >= patience_; }

 private:
  std::int64_t patience_;
  double share_;
};

}  // namespace kintsugi
