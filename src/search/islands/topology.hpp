#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace kintsugi
