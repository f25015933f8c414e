#include "search/islands/topology.hpp"

#include <gtest/gtest.h>

#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

TEST(Topology, WhoHearsOfWhom) {
  EXPECT_EQ(Ring().sources(0, 4), (std::vector<int>{3}));
  EXPECT_EQ(Ring().sources(2, 4), (std::vector<int>{1}));
  EXPECT_TRUE(Ring().sources(0, 1).empty());
  EXPECT_EQ(AllToAll().sources(1, 4), (std::vector<int>{0, 2, 3}));
  EXPECT_TRUE(AllToAll().sources(0, 1).empty());
}

TEST(Topology, EveryOrderReachesAllAlongTheRing) {
  for (int island = 0; island < 5; ++island) {
    int at = island;
    for (int step = 0; step < 4; ++step) {
      at = Ring().sources(at, 5).front();
      EXPECT_NE(at, island);
    }
    EXPECT_EQ(Ring().sources(at, 5).front(), island);
  }
}

TEST(Topology, EveryNameIsOneAndNoOtherIs) {
  EXPECT_EQ(make_topology("none"), nullptr);
  for (const std::string& name : topology_names()) EXPECT_NO_THROW((void)make_topology(name)) << name;
  EXPECT_EQ(make_topology("all")->sources(0, 3).size(), 2U);
  EXPECT_EQ(make_topology("ring")->sources(0, 3).size(), 1U);
  EXPECT_THROW((void)make_topology("star"), UsageError);
}

}  // namespace
}  // namespace kintsugi
