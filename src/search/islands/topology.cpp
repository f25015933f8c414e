#include "search/islands/topology.hpp"

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::vector<int> Ring::sources(int island, int islands) const {
  if (islands < 2) return {};
  return {(island + islands - 1) % islands};
}

std::vector<int> AllToAll::sources(int island, int islands) const {
  std::vector<int> all;
  for (int other = 0; other < islands; ++other) {
    if (other != island) all.push_back(other);
  }
  return all;
}

std::vector<std::string> topology_names() { return {"all", "ring", "none"}; }

std::unique_ptr<Topology> make_topology(std::string_view name) {
  if (name == "all") return std::make_unique<AllToAll>();
  if (name == "ring") return std::make_unique<Ring>();
  if (name == "none") return nullptr;
  throw UsageError("unknown topology '" + std::string(name) + "'; known are all, ring, none");
}

}  // namespace kintsugi
