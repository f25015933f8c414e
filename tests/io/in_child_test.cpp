#include "io/in_child.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <string>

#include "io/expect_error.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

constexpr std::size_t kMemory = std::size_t{64} << 20;

ChildLimits limits(unsigned seconds) {
  return {.memory = kMemory, .seconds = seconds, .wall_seconds = 2 * seconds, .result = kMemory};
}

void expect_refused(const std::function<std::vector<char>()>& work, std::initializer_list<std::string> parts,
                    unsigned seconds = 5) {
  expect_error<InputError>([&] { static_cast<void>(run_in_child(work, "file", limits(seconds))); }, parts);
}

TEST(InChild, ResultsOfAnySizeComeBack) {
  for (const std::size_t size : {0, 1, 1'000'000}) {
    std::vector<char> expected(size);
    std::iota(expected.begin(), expected.end(), '\0');
    EXPECT_EQ(run_in_child([&] { return expected; }, "file", limits(5)), expected);
  }
}

TEST(InChild, WhatTheChildChangesStaysThere) {
  int value = 1;
  static_cast<void>(run_in_child(
      [&] {
        value = 2;
        return std::vector<char>();
      },
      "file", limits(5)));
  EXPECT_EQ(value, 1);
}

TEST(InChild, ErrorsAndCrashesAreRefusals) {
  expect_refused([]() -> std::vector<char> { throw InputError("file, /x: is missing"); }, {"file, /x: is missing"});
  expect_refused([]() -> std::vector<char> { throw std::runtime_error("odd"); }, {"file: cannot be read: odd"});
  expect_refused(
      []() -> std::vector<char> {
        ::raise(SIGSEGV);
        return {};
      },
      {"file: is damaged or crafted", "crashed (signal 11)"});
  expect_refused([]() -> std::vector<char> { ::_exit(0); }, {"file: is damaged or crafted", "failed"});
}

TEST(InChild, TimeAndMemoryAreLimited) {
  expect_refused(
      []() -> std::vector<char> {
        volatile int spin = 0;
        while (true) spin = spin + 1;
      },
      {"took too long"}, 1);
  expect_refused(
      []() -> std::vector<char> {
        while (true) ::pause();
      },
      {"took too long"}, 1);
#ifndef __SANITIZE_ADDRESS__
  expect_refused([]() -> std::vector<char> { return std::vector<char>(8 * kMemory, 'x'); }, {"cannot be read"});
#endif
}

/// Does as its name says.
std::vector<char> obey(const std::string& path) {
  if (path == "crash") ::raise(SIGSEGV);
  if (path == "kill the reader") ::kill(::getppid(), SIGKILL);
  if (path == "refuse") throw InputError("refuse: as it was told");
  const std::string parent = std::to_string(::getppid());
  return {parent.begin(), parent.end()};
}

std::string parent_of_reading(const std::string& path) {
  const std::vector<char> result = read_in_child(&obey, path, limits(5));
  return {result.begin(), result.end()};
}

TEST(InChild, AReaderProcessStartedBeforeReads) {
  const std::string own = std::to_string(::getpid());
  EXPECT_EQ(parent_of_reading("say"), own);
  {
    const ReaderProcess reader;
    const std::string its = parent_of_reading("say");
    EXPECT_NE(its, own);
    expect_error<InputError>([] { static_cast<void>(parent_of_reading("crash")); }, {"crash: is damaged or crafted"});
    expect_error<InputError>([] { static_cast<void>(parent_of_reading("refuse")); }, {"refuse: as it was told"});
    EXPECT_EQ(parent_of_reading("say"), its);
    const std::string far(5000, 'x');  // longer than a path may be
    EXPECT_EQ(parent_of_reading(far), own);
    expect_error<InputError>([] { static_cast<void>(parent_of_reading("kill the reader")); },
                             {"is damaged or crafted"});
    EXPECT_EQ(parent_of_reading("say"), own) << "without a reader, it is done as before";
  }
  EXPECT_EQ(parent_of_reading("say"), own);
}

}  // namespace
}  // namespace kintsugi
