#include "kintsugi/mpi/comm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kintsugi/core/error.hpp"

namespace kintsugi::mpi {
namespace {

// What Comm::agree threw here: its type and message.
std::string outcome(const Comm& comm, const std::function<void()>& work) {
  try {
    comm.agree(work);
  } catch (const UsageError& error) {
    return std::string("usage: ") + error.what();
  } catch (const InputError& error) {
    return std::string("input: ") + error.what();
  } catch (const InternalError& error) {
    return std::string("internal: ") + error.what();
  }
  return "agreed";
}

TEST(Comm, WorldAndSelfKnowTheirRanks) {
  const Comm world = Comm::world();
  std::vector<std::int64_t> present(static_cast<std::size_t>(world.size()), 0);
  present[static_cast<std::size_t>(world.rank())] = 1;
  world.sum(present);
  EXPECT_EQ(present, std::vector<std::int64_t>(present.size(), 1));
  EXPECT_EQ(world.root(), world.rank() == 0);
  const Comm self = Comm::self();
  EXPECT_EQ(self.size(), 1);
  EXPECT_TRUE(self.root());
}

TEST(Comm, MovesItsCommunicator) {
  Comm first = Comm::world();
  const Comm second = std::move(first);
  Comm third = Comm::self();
  third = second.split(0);
  EXPECT_EQ(third.size(), second.size());
  EXPECT_EQ(third.rank(), second.rank());
  std::int64_t one = 1;
  third.sum(std::span(&one, 1));
  EXPECT_EQ(one, second.size());
}

TEST(Comm, SplitKeepsTheOrderOfRanks) {
  const Comm world = Comm::world();
  for (int colors = 1; colors <= world.size() + 1; ++colors) {
    const Comm part = world.split(world.rank() % colors);
    int members = 0;
    for (int r = world.rank() % colors; r < world.size(); r += colors) ++members;
    EXPECT_EQ(part.size(), members);
    EXPECT_EQ(part.rank(), world.rank() / colors);
    std::int64_t sum = world.rank();
    part.sum(std::span(&sum, 1));
    std::int64_t expected = 0;
    for (int r = world.rank() % colors; r < world.size(); r += colors) expected += r;
    EXPECT_EQ(sum, expected);
  }
}

TEST(Comm, RanksOfOneMachineShareANode) {
  const Comm world = Comm::world();
  const Comm node = world.split_node();
  EXPECT_EQ(node.size(), world.size());
  EXPECT_EQ(node.rank(), world.rank());
}

template <class T>
void expect_broadcast(const Comm& comm) {
  for (int root = 0; root < comm.size(); ++root) {
    std::vector<T> values(17);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(100 * comm.rank()) + static_cast<T>(i);
    comm.broadcast(std::span(values), root);
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(values[i], static_cast<T>(100 * root) + static_cast<T>(i));
  }
}

TEST(Comm, BroadcastsEveryTypeFromEveryRank) {
  const Comm world = Comm::world();
  expect_broadcast<float>(world);
  expect_broadcast<double>(world);
  expect_broadcast<int>(world);
  expect_broadcast<std::int64_t>(world);
  expect_broadcast<std::uint64_t>(world);
  std::uint64_t extreme = world.root() ? std::numeric_limits<std::uint64_t>::max() : 0;
  world.broadcast(std::span(&extreme, 1));
  EXPECT_EQ(extreme, std::numeric_limits<std::uint64_t>::max());
}

TEST(Comm, BroadcastReplacesTextAndVectorsOfAnyLength) {
  const Comm world = Comm::world();
  for (int root = 0; root < world.size(); ++root) {
    for (const std::size_t size : {0U, 1U, 1000U}) {
      std::string expected_text(size, 'x');
      if (size > 0) expected_text.back() = '\0';
      std::vector<int> expected_values(size);
      std::iota(expected_values.begin(), expected_values.end(), -5);
      const bool sends = world.rank() == root;
      std::string text = sends ? expected_text : std::string(static_cast<std::size_t>(world.rank()) * 7, 'o');
      std::vector<int> values =
          sends ? expected_values : std::vector<int>(static_cast<std::size_t>(world.rank()) * 3, 9);
      world.broadcast(text, root);
      world.broadcast(values, root);
      EXPECT_EQ(text, expected_text);
      EXPECT_EQ(values, expected_values);
    }
  }
}

TEST(Comm, SumsAndMaximaAreElementWise) {
  const Comm world = Comm::world();
  const std::int64_t ranks = world.size();
  const std::int64_t rank = world.rank();
  std::vector<std::int64_t> sums{rank, -rank, std::int64_t{1} << 60};
  world.sum(sums);
  const auto total = static_cast<std::int64_t>(static_cast<std::uint64_t>(ranks) << 60);
  EXPECT_EQ(sums, (std::vector<std::int64_t>{ranks * (ranks - 1) / 2, -ranks * (ranks - 1) / 2, total}));
  std::vector<std::int64_t> most{rank, -rank, -7};
  world.max(most);
  EXPECT_EQ(most, (std::vector<std::int64_t>{ranks - 1, 0, -7}));
  std::vector<double> largest{0.5 * static_cast<double>(rank), rank == 0 ? HUGE_VAL : 0, -1.25};
  world.max(largest);
  EXPECT_EQ(largest, (std::vector<double>{0.5 * static_cast<double>(ranks - 1), HUGE_VAL, -1.25}));
}

TEST(Comm, GathersUnequalLengthsInOrder) {
  const Comm world = Comm::world();
  // Rank r gives 2 r values, so rank 0 gives none.
  std::vector<std::int64_t> mine(2 * static_cast<std::size_t>(world.rank()), world.rank());
  const std::vector<std::int64_t> all = world.gather_all(mine);
  std::vector<std::int64_t> expected;
  for (int r = 0; r < world.size(); ++r) expected.insert(expected.end(), 2 * r, r);
  EXPECT_EQ(all, expected);
}

TEST(Comm, AllToAllDeliversEveryPart) {
  const Comm world = Comm::world();
  const auto length = [](int from, int to) { return static_cast<std::size_t>((2 * from + to) % 3); };
  const auto content = [](int from, int to) { return static_cast<float>(10 * from + to); };
  std::vector<float> send;
  std::vector<std::size_t> counts;
  std::vector<float> expected;
  for (int r = 0; r < world.size(); ++r) {
    send.insert(send.end(), length(world.rank(), r), content(world.rank(), r));
    counts.push_back(length(world.rank(), r));
    expected.insert(expected.end(), length(r, world.rank()), content(r, world.rank()));
  }
  EXPECT_EQ(world.all_to_all(send, counts), expected);
}

TEST(Comm, AgreeThrowsOneRanksErrorOnAll) {
  const Comm world = Comm::world();
  const auto message = [&](int rank) { return "rank " + std::to_string(rank) + " saw row 7"; };
  for (int bad = 0; bad < world.size(); ++bad) {
    const auto when_bad = [&](auto error) {
      return outcome(world, [&] {
        if (world.rank() == bad) throw error;
      });
    };
    EXPECT_EQ(when_bad(UsageError(message(bad))), "usage: " + message(bad));
    EXPECT_EQ(when_bad(InputError(message(bad))), "input: " + message(bad));
    EXPECT_EQ(when_bad(InternalError(message(bad))), "internal: " + message(bad));
    EXPECT_EQ(when_bad(std::runtime_error(message(bad))), "internal: " + message(bad));
  }
}

TEST(Comm, AgreeTakesTheLowestFailingRank) {
  const Comm world = Comm::world();
  for (int lowest = 0; lowest < world.size(); ++lowest) {
    const std::string seen = outcome(world, [&] {
      if (world.rank() == lowest) throw InputError("lowest");
      if (world.rank() > lowest) throw UsageError("higher");
    });
    EXPECT_EQ(seen, "input: lowest");
  }
}

TEST(Comm, AgreeRunsTheWorkOnceAndReturnsWhereNobodyThrows) {
  const Comm world = Comm::world();
  std::int64_t runs = 0;
  EXPECT_EQ(outcome(world, [&] { ++runs; }), "agreed");
  EXPECT_EQ(runs, 1);
  // The communicator is in step afterwards.
  world.sum(std::span(&runs, 1));
  EXPECT_EQ(runs, world.size());
}

TEST(Comm, ErrorsOfMpiAreThrown) {
  const Comm world = Comm::world();
  std::vector<int> value{1};
  try {
    world.broadcast(std::span(value), world.size());  // there is no such rank
    FAIL() << "nothing was thrown";
  } catch (const InternalError& error) {
    EXPECT_EQ(std::string(error.what()).find("MPI_Bcast failed: MPI_ERR_ROOT"), 0U) << error.what();
  }
}

}  // namespace
}  // namespace kintsugi::mpi
