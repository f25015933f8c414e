#include "mpi/shared_stop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "core/stopwatch.hpp"
#include "mpi/exact_sums.hpp"

namespace kintsugi::mpi {
namespace {

constexpr double kLongEnough = 60;

/// Whether a stop is heard of within `seconds`, by asking alone.
bool hears(double seconds) {
  const Stopwatch watch;
  while (watch.seconds() < seconds) {
    if (stop_heard()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// The reason that `work` is stopped for.
template <class Work>
StopReason reason_of(const Work& work) {
  try {
    work();
  } catch (const Stopped& stopped) {
    return stopped.reason();
  }
  return StopReason::none;
}

TEST(SharedStop, WithoutOneNothingStops) {
  const Comm world = Comm::world();
  EXPECT_FALSE(stop_heard());
  EXPECT_NO_THROW(throw_if_stopped());
  EXPECT_NO_THROW(stop_together(world));
  const SharedStop silent(world, {});
  EXPECT_FALSE(hears(0.05));
  EXPECT_NO_THROW(stop_together(world));
  ExactSums sums(2);
  sums.add(0, 1.5);
  sums.reduce_or_stop(world);
  EXPECT_EQ(sums.value(0), 1.5 * world.size());
  EXPECT_EQ(sums.value(1), 0);
}

TEST(SharedStop, ASignalToOneRankIsHeardOnAllThatAsk) {
  const Comm world = Comm::world();
  const int signalled = world.size() - 1;
  int told = 0;
  const SharedStop stop(
      world, {.signalled = [&] { return world.rank() == signalled; }, .on_stop = [&](StopReason) { ++told; }});
  EXPECT_TRUE(hears(kLongEnough));
  EXPECT_EQ(reason_of([] { throw_if_stopped(); }), StopReason::signal);
  EXPECT_EQ(reason_of([&] { stop_together(world); }), StopReason::signal);
  ExactSums sums(1);
  EXPECT_EQ(reason_of([&] { sums.reduce_or_stop(world); }), StopReason::signal);
  EXPECT_EQ(told, 1);
}

TEST(SharedStop, OneRanksWordIsEnoughToThrowOnAll) {
  const Comm world = Comm::world();
  const SharedStop stop(world, {});
  if (world.root()) learn_of_stop(StopReason::time);
  EXPECT_EQ(reason_of([&] { stop_together(world); }), StopReason::time);
  EXPECT_EQ(stop_reason(), StopReason::time) << "all know of it then";
}

TEST(SharedStop, TheTimeLimitIsHeard) {
  const Comm world = Comm::world();
  const SharedStop stop(world, {.seconds = 0.02});
  EXPECT_TRUE(hears(kLongEnough));
  EXPECT_EQ(reason_of([&] { stop_together(world); }), StopReason::time);
}

TEST(SharedStop, QuietOnesKnowButSayNothing) {
  const Comm world = Comm::world();
  const SharedStop stop(world, {.signalled = [] { return true; }});
  be_quiet_about_stop(kLongEnough);
  EXPECT_FALSE(hears(0.05));
  EXPECT_NO_THROW(stop_together(world));
  EXPECT_EQ(stop_reason(), StopReason::signal);
  be_quiet_about_stop(0);
  EXPECT_TRUE(stop_heard());
}

TEST(SharedStop, PatientOnesSayItLater) {
  const Comm world = Comm::world();
  int told = 0;
  const SharedStop stop(world, {.signalled = [] { return true; }, .on_stop = [&](StopReason) { ++told; }});
  be_patient_about_stop(0.3);
  EXPECT_FALSE(hears(0.05));
  EXPECT_EQ(told, 1) << "it is known at once";
  const Stopwatch watch;
  EXPECT_TRUE(hears(kLongEnough));
  EXPECT_GT(watch.seconds(), 0.1);
  be_patient_about_stop(kLongEnough);
  EXPECT_FALSE(stop_heard());
  be_patient_about_stop(0);
  EXPECT_TRUE(stop_heard());
}

TEST(SharedStop, TheInnerOneAsksTheOuterOne) {
  const Comm world = Comm::world();
  bool signalled = false;
  const SharedStop outer(world, {.signalled = [&] { return signalled; }});
  {
    const SharedStop inner(world, {.seconds = 0.01});
    EXPECT_TRUE(hears(kLongEnough));
  }
  EXPECT_FALSE(stop_heard()) << "the inner one's limit is its own";
  signalled = true;
  const SharedStop inner(world, {});
  EXPECT_TRUE(hears(kLongEnough));
  EXPECT_EQ(stop_reason(), StopReason::signal);
}

TEST(SharedStop, AWordThatComesLateStopsNothingElse) {
  const Comm world = Comm::world();
  {
    const SharedStop stop(world, {.signalled = [&] { return world.root(); }});
    if (world.root()) {
      EXPECT_TRUE(stop_heard());  // and so the others are told, who do not listen
    }
  }
  const SharedStop stop(world, {});
  EXPECT_FALSE(hears(0.1));
}

TEST(SharedStop, AgreeHandsTheReasonOn) {
  const Comm world = Comm::world();
  const SharedStop stop(world, {});
  const auto work = [&] {
    if (world.root()) throw Stopped(StopReason::signal);
  };
  EXPECT_EQ(reason_of([&] { world.agree(work); }), StopReason::signal);
  EXPECT_EQ(stop_reason(), StopReason::signal);
}

TEST(SharedStop, WhoWaitsInAgreeTellsWhoWorks) {
  const Comm world = Comm::world();
  if (world.size() == 1) GTEST_SKIP() << "nobody waits";
  const Stopwatch watch;
  const SharedStop stop(world, {.signalled = [&] { return !world.root() && watch.seconds() > 0.1; }});
  const auto work = [&] {
    while (world.root() && watch.seconds() < kLongEnough) {
      throw_if_stopped();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  EXPECT_EQ(reason_of([&] { world.agree(work); }), StopReason::signal);
}

}  // namespace
}  // namespace kintsugi::mpi
