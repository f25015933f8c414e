#include "mpi/node_shared.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <span>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::mpi {
namespace {

// What rank 0 writes at position i of array `number`.
float sample(std::size_t number, std::size_t i) { return static_cast<float>(number * 100000 + i) + 0.25F; }

void write_and_publish(NodeShared& array, std::size_t number) {
  const std::span<float> memory = array.writable();
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = sample(number, i);
  array.publish();
}

void expect_published(const NodeShared& array, std::size_t number, std::size_t count) {
  ASSERT_EQ(array.values().size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(array.values()[i], sample(number, i)) << "at " << i;
}

TEST(NodeShared, GivesEveryRankWhatRankZeroWrote) {
  const Comm world = Comm::world();
  for (const std::size_t count : {1U, 15U, 16U, 17U, 1000U, 300000U}) {
    NodeShared array(world, count);
    EXPECT_EQ(array.writable().size(), world.root() ? count : 0U);
    write_and_publish(array, 1);
    expect_published(array, 1, count);
    world.barrier();
  }
}

TEST(NodeShared, StartsOnAlignedZeros) {
  const Comm world = Comm::world();
  for (const std::size_t count : {1U, 7U, 1031U}) {
    const NodeShared array(world, count);
    world.barrier();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.values().data()) % 64, 0U);
    for (const float value : array.values()) ASSERT_EQ(value, 0);
    world.barrier();
  }
}

TEST(NodeShared, ArraysSideBySideDoNotTouch) {
  const Comm world = Comm::world();
  NodeShared first(world, 33);
  NodeShared second(world, 1);
  NodeShared third(world, 500);
  write_and_publish(third, 3);
  write_and_publish(first, 1);
  write_and_publish(second, 2);
  expect_published(first, 1, 33);
  expect_published(second, 2, 1);
  expect_published(third, 3, 500);
}

TEST(NodeShared, EachPartOfTheWorldHasItsOwn) {
  const Comm world = Comm::world();
  const int color = world.rank() % 2;
  const Comm part = world.split(color);
  NodeShared array(part, 64);
  write_and_publish(array, static_cast<std::size_t>(color));
  world.barrier();
  expect_published(array, static_cast<std::size_t>(color), 64);
}

TEST(NodeShared, MayBeEmpty) {
  const Comm world = Comm::world();
  NodeShared array(world, 0);
  array.publish();
  EXPECT_TRUE(array.values().empty());
}

/// Lets this process open no further file while it lives.
class NoFurtherFiles {
 public:
  NoFurtherFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoFurtherFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoFurtherFiles(const NoFurtherFiles&) = delete;
  NoFurtherFiles& operator=(const NoFurtherFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(NodeShared, OneCopyServesTheRanksOfANode) {
  const Comm world = Comm::world();
  NodeShared array(world, 1000);
  write_and_publish(array, 1);
  EXPECT_FALSE(array.has_copies());
  world.barrier();
  // A number that one rank changes is seen by the others.
  if (world.root()) array.writable()[7] = -1;
  world.barrier();
  EXPECT_EQ(array.values()[7], -1);
}

TEST(NodeShared, WhereNothingCanBeSharedEachRankHasItsOwn) {
  const Comm world = Comm::world();
  for (int without = 0; without < world.size(); ++without) {
    std::optional<NoFurtherFiles> limit;
    if (world.rank() == without) limit.emplace();
    NodeShared array(world, 1000);
    limit.reset();
    EXPECT_EQ(array.has_copies(), world.size() > 1);
    write_and_publish(array, 2);
    expect_published(array, 2, 1000);
  }
}

}  // namespace
}  // namespace kintsugi::mpi
