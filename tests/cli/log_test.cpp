// What the logs of a solve say, and when.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/progress.hpp"
#include "cli/solve_log.hpp"

namespace kintsugi::cli {
namespace {

Network three_pieces() {
  Network network;
  network.pieces.resize(3);
  for (const int index : {0, 1, 2}) network.pieces[static_cast<std::size_t>(index)].index = index;
  return network;
}

SolveHeader some_header() {
  SolveHeader header;
  header.version = "1.2.3";
  header.host = "somewhere";
  header.ranks = 5;
  header.given = {{"seed", "3", "environment"}};
  header.problem = "bad utf-8 \xff.h5";
  return header;
}

TrajectoryEntry row_at(double seconds, double mse, double best, std::int64_t rows = 100,
                       Event event = Event::insertion) {
  TrajectoryEntry row;
  row.step = 7;
  row.event = event;
  row.rows = rows;
  row.mse = mse;
  row.best = best;
  row.seconds = seconds;
  return row;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class TableLogTest : public ::testing::Test {
 protected:
  void start(LogStyle style) {
    log_ = std::make_unique<SolveLog>();
    log_->add(make_table_log(out_, style));
    log_->begin(some_header(), network_);
  }
  /// What was written since the last call.
  std::string said() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }

  Network network_ = three_pieces();
  std::ostringstream out_;
  std::unique_ptr<SolveLog> log_;
};

TEST_F(TableLogTest, NewBestAndFirstOfASampleAreAlwaysPrinted) {
  start({});
  log_->on_step(row_at(0.001, 0.5, 0.5));
  (void)said();
  log_->on_step(row_at(0.002, 0.6, 0.5));
  EXPECT_EQ(said(), "");
  log_->on_step(row_at(0.003, 0.25, 0.25));
  EXPECT_EQ(count(said(), "2.5000e-01"), 2U);
  log_->on_step(row_at(0.004, 0.75, 0.75, 200));
  EXPECT_EQ(count(said(), "7.5000e-01"), 2U);
}

TEST_F(TableLogTest, OtherLinesComeNowAndThenAndTheLastAtTheEnd) {
  start({});
  for (int i = 0; i < 1000; ++i) log_->on_step(row_at(0.01 * i, 0.5, 0.5));
  const auto lines = static_cast<double>(count(said(), "5.0000e-01")) / 2;
  EXPECT_GE(lines, 10);
  EXPECT_LE(lines, 21);
  log_->on_step(row_at(9.75, 0.625, 0.5));
  EXPECT_EQ(said(), "");
  log_->finish({}, {.code = ExitCode::not_solved});
  EXPECT_EQ(count(said(), "6.2500e-01"), 1U);
}

TEST_F(TableLogTest, WithoutTimesEveryLineComesAndNothingOfTheRunShows) {
  start({.times = false});
  for (int i = 0; i < 50; ++i) log_->on_step(row_at(0.0, 0.5, 0.5));
  Solution solution;
  solution.times.search = 1234.5;
  log_->finish(solution, {.code = ExitCode::not_solved});
  const std::string text = said();
  EXPECT_EQ(count(text, "5.0000e-01"), 100U);
  for (const char* const absent : {"somewhere", "ranks", "time", "seconds", "1234", "per second"}) {
    EXPECT_EQ(count(text, absent), 0U) << absent;
  }
}

TEST_F(TableLogTest, HeaderComesAgainEveryTwentyLinesAndTheKeyOnce) {
  start({});
  for (int i = 0; i < 45; ++i) log_->on_step(row_at(0, 1.0 / (i + 1), 1.0 / (i + 1)));
  const std::string text = said();
  EXPECT_EQ(count(text, " ev    step"), 3U);
  EXPECT_EQ(count(text, "key:"), 1U);
}

/// Has the log asked, as the search does in the middle of steps, until `seconds` have passed or it says something.
std::string said_within(SolveLog& log, std::ostringstream& out, double seconds) {
  const Stopwatch watch;
  while (out.str().empty() && watch.seconds() < seconds) static_cast<void>(log.stop_at_once());
  std::string text = out.str();
  out.str("");
  return text;
}

TEST_F(TableLogTest, ProgressLineOnATerminal) {
  start({.terminal = true, .columns = 300});
  (void)said();
  EXPECT_EQ(said_within(*log_, out_, 5), "\r\033[K0 s, pairing by the weights");
  log_->on_pairs({{.trusted = true}, {.trusted = false}});
  log_->on_exchange({.elites = 3, .same_order = 0.75});
  log_->on_step(row_at(5, 0.5, 0.25));
  (void)said();
  const std::string line = said_within(*log_, out_, 5);
  EXPECT_EQ(line.find("\r\033[K"), 0U);
  EXPECT_NE(line.find("best 2.50e-01 on 100 rows, step 7: insertion, 1/2 pairs sure, islands agree on 75 %"),
            std::string::npos)
      << line;
  // Lines that follow wipe it out first.
  log_->warn("look here");
  EXPECT_EQ(said(), "\r\033[Kwarning: look here\n");
}

TEST_F(TableLogTest, LinesFitATerminalOfEightyColumns) {
  start({.terminal = true, .columns = 80});
  log_->on_pairs(
      {{.expand = 0, .compress = 1, .score = 1.25, .runner_up = 2, .runner_up_score = 0.25, .score_margin = 1}});
  log_->warn("no checkpoint was written: /a/folder/that/is/full/run.h5: cannot be written: No space left on device");
  log_->on_step(row_at(12345.678, 0.5, 0.25));
  const std::string text = said();
  for (std::istringstream lines(text); lines;) {
    std::string line;
    std::getline(lines, line);
    EXPECT_LE(line.size(), 80U) << line;
  }
  EXPECT_NE(text.find("score 1.250,\n         runner-up "), std::string::npos) << text;
  EXPECT_NE(text.find("cannot be\n         written: No space left on device\n"), std::string::npos) << text;
}

TEST(Sureness, OfOneIslandIsHowTheBestOrderMoves) {
  EXPECT_EQ(order_sureness_text({}), "");
  EXPECT_EQ(order_sureness_text({.kept_order = 0.5, .kept_seconds = 1}), "");
  EXPECT_EQ(order_sureness_text({.kept_order = 0.5, .kept_seconds = 30}), "order 50 % as 30 s ago");
  EXPECT_EQ(order_sureness_text({.kept_order = 0.99996, .kept_seconds = 30}), "order 99.9 % as 30 s ago");
  EXPECT_EQ(order_sureness_text({.kept_order = 1, .kept_seconds = 70}), "order unchanged for 1:10");
  EXPECT_EQ(order_sureness_text({.same_order = 0.75, .kept_order = 1, .kept_seconds = 70}), "islands agree on 75 %");
  EXPECT_EQ(sureness_text({.pairs = 3, .sure_pairs = 2, .kept_order = 1, .kept_seconds = 5}),
            "2/3 pairs sure, order unchanged for 5 s");

  Progress progress;
  progress.on_order({4, 1, 2, 0, 7, 3, 9});
  EXPECT_EQ(progress.sure().kept_order, 1);
  progress.on_order({7, 1, 2, 0, 4, 3, 9});  // pieces 4 and 7 trade places: all three pairs are the other way round
  EXPECT_EQ(progress.sure().kept_order, 0);
  progress.on_order({4, 1, 7, 0, 2, 3, 9});
  EXPECT_DOUBLE_EQ(progress.sure().kept_order, 2.0 / 3);
  progress.on_order({4, 1, 5, 0, 2, 3, 9});  // other pieces expand
  EXPECT_TRUE(std::isnan(progress.sure().kept_order));
}

TEST_F(TableLogTest, NarrowProgressLineLeavesOutWholeParts) {
  start({.terminal = true, .columns = 64});
  log_->on_pairs({{.trusted = true}, {.trusted = false}});
  log_->on_exchange({.elites = 3, .same_order = 0.75});
  log_->on_step(row_at(5, 0.5, 0.25));
  (void)said();
  const std::string line = said_within(*log_, out_, 5);
  EXPECT_TRUE(line.ends_with("best 2.50e-01, step 7: insertion, islands agree on 75 %")) << line;
}

TEST_F(TableLogTest, ProgressLineFitsTheTerminal) {
  start({.terminal = true, .columns = 20});
  log_->on_step(row_at(5, 0.5, 0.25));
  (void)said();
  EXPECT_EQ(said_within(*log_, out_, 5).size(), std::string("\r\033[K").size() + 19);
}

TEST_F(TableLogTest, NoProgressWithoutTimes) {
  start({.times = false, .terminal = true});
  (void)said();
  EXPECT_EQ(said_within(*log_, out_, 0.3), "");
}

TEST_F(TableLogTest, WithoutATerminalALineEveryFewSeconds) {
  start({});
  (void)said();
  const Stopwatch watch;
  const std::string line = said_within(*log_, out_, 20);
  EXPECT_GT(watch.seconds(), 3);
  EXPECT_TRUE(line.starts_with("now      ")) << line;
  EXPECT_TRUE(line.ends_with(" s, pairing by the weights\n")) << line;
}

TEST(Clock, IsShort) {
  EXPECT_EQ(clock_text(59.9), "59 s");
  EXPECT_EQ(clock_text(83), "1:23");
  EXPECT_EQ(clock_text(7501), "2:05:01");
  EXPECT_EQ(clock_text(86400 + 7501), "1-02:05:01");
}

TEST(Rate, IsLegibleAtAnySpeed) {
  EXPECT_EQ(rate_text(182.6), "183 evals/s");
  EXPECT_EQ(rate_text(0.02), "1.2 evals/min");
  EXPECT_EQ(rate_text(0), "");
}

Solution solved() {
  Solution solution;
  solution.status = Status::solved;
  solution.mse = 0.25;
  solution.rows = 1000;
  solution.sha256 = "abc";
  solution.pairs = {{.trusted = true}, {.trusted = false}};
  solution.assembly = {{{0, 1}, {0, 1}}, 2};
  solution.margins = {{.position = 0, .interchangeable = true}};
  return solution;
}

TEST_F(TableLogTest, EndIsAKeyedLineAndTheVerdict) {
  start({.times = false});
  (void)said();
  log_->finish(solved(), {.written = "s.h5"});
  const std::string text = said();
  EXPECT_NE(text.find("\nRESULT status=solved exit=0 mse=0.25 largest_error=0 target=0 rows=1000 evaluations=0 "
                      "sha256=abc\n"),
            std::string::npos);
  EXPECT_TRUE(
      text.ends_with("\n\nverdict      solved: every prediction is reproduced up to rounding\n"
                     "error        MSE 0.25 on all 1000 rows, largest error 0\n"
                     "pairs        1 of 2 pairs are singled out by the weights\n"
                     "order        0 of 1 neighbours are in a certain order\n"
                     "cost         0 evaluations\n"
                     "written      s.h5\n"))
      << text;
}

TEST_F(TableLogTest, VerdictIsColouredByHowItEndedAndFitsTheTerminal) {
  Solution solution = solved();
  for (const auto& [status, code] : {std::pair{Status::solved, "\033[1;32msolved"},
                                     {Status::time_limit, "\033[1;31mnot "},
                                     {Status::reproduced, "\033[1;33mreproduced"}}) {
    start({.terminal = true, .colour = true, .columns = 60});
    (void)said();
    solution.status = status;
    log_->finish(solution, {});
    const std::string text = said();
    const std::string end = text.substr(text.find("\nverdict "));
    EXPECT_EQ(count(end, code), 1U) << end;
    std::istringstream lines(end);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 60 + std::string("\033[1;32m\033[0m").size()) << line;
    }
  }
}

TEST(DescribeMargins, NamesEqualBlocksAndClaimsNothingOfAnUnsolvedOrder) {
  Network network;
  network.pieces.resize(7);
  Solution solution;
  solution.assembly.head = 6;
  for (int i = 0; i < 6; ++i) {
    network.pieces[static_cast<std::size_t>(i)].index = i;
    network.pieces[static_cast<std::size_t>(i)].weight = {i == 4 || i == 5 ? static_cast<float>(i - 4)
                                                                           : static_cast<float>(i)};
  }
  solution.assembly.blocks = {{0, 1}, {2, 3}, {4, 5}};  // the first and the last are equal
  solution.margins = {{.position = 0, .change = 1, .standard_error = 0.1},
                      {.position = 1, .change = 1, .standard_error = 1}};
  solution.target = 1e-3;
  solution.status = Status::solved;
  std::vector<std::string> lines = describe_margins(solution, network);
  EXPECT_TRUE(lines.front().starts_with("margins  2 of 2 neighbours in a certain order;")) << lines.front();
  EXPECT_EQ(lines.back(), "copies   2 blocks are equal and can trade places: positions 0, 2");
  solution.status = Status::time_limit;
  lines = describe_margins(solution, network);
  EXPECT_TRUE(lines.front().starts_with("margins  1 of 2 swaps of neighbours would raise the error")) << lines.front();
}

TEST(JsonLog, EveryLineIsAnObject) {
  const Network network = three_pieces();
  std::ostringstream out;
  const auto log = std::make_unique<SolveLog>();
  log->add(make_json_log(out, {}));
  log->begin(some_header(), network);
  log->on_roles({.expand = {0}, .compress = {1}, .head = 2, .width = 4, .outputs = 1});
  log->on_pairs({{.expand = 0, .compress = 1, .score = std::numeric_limits<double>::infinity()}});
  log->on_starts({{"greedy", 0.5, {}}});
  for (int i = 0; i < 10; ++i) log->on_step(row_at(0.001 * i, 0.5, 0.5));
  log->warn("a \"quoted\"\nword");
  log->finish({}, {.code = ExitCode::stopped});
  std::vector<nlohmann::json> records;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(records.size(), 16U);
  EXPECT_EQ(records[0]["record"], "start");
  EXPECT_EQ(records[0]["options"]["seed"], "3");
  EXPECT_EQ(records[1]["head"], 2);
  EXPECT_TRUE(records[2]["pairs"][0]["score"].is_null());
  EXPECT_EQ(records[5]["seconds"], 0.001);
  EXPECT_EQ(records[14]["text"], "a \"quoted\"\nword");
  EXPECT_EQ(records[15]["exit"], 4);
}

TEST_F(TableLogTest, MemoryIsSaidWhereItIsKnown) {
  start({});
  log_->on_memory({.root = 64e6, .others = 0});
  log_->finish({}, {.code = ExitCode::success});
  EXPECT_NE(said().find("\nmemory   rank 0 held at most 64.0 MB, with the weights"), std::string::npos);
  start({});
  log_->on_memory({.root = 64e6, .others = 32.5e6});
  log_->finish({}, {.code = ExitCode::success});
  EXPECT_NE(said().find("at most 64.0 MB, another at most 32.5 MB, with"), std::string::npos);
  start({});
  log_->on_memory({});
  log_->finish({}, {.code = ExitCode::success});
  EXPECT_EQ(said().find("memory"), std::string::npos);

  std::ostringstream out;
  make_json_log(out, {.times = false})->on_memory({.root = 64e6, .others = 32e6});
  const nlohmann::json record = nlohmann::json::parse(out.str());
  EXPECT_EQ(record["record"], "memory");
  EXPECT_EQ(record["root_bytes"], 64e6);
  EXPECT_EQ(record["other_bytes"], 32e6);
}

TEST(JsonLog, LeavesOutTimes) {
  const Network network = three_pieces();
  std::ostringstream out;
  const auto log = std::make_unique<SolveLog>();
  log->add(make_json_log(out, {.times = false}));
  log->begin(some_header(), network);
  log->on_step(row_at(1, 0.5, 0.5));
  log->finish({}, {.code = ExitCode::success});
  for (const char* const absent : {"seconds", "somewhere", "ranks"}) {
    EXPECT_EQ(out.str().find(absent), std::string::npos) << absent;
  }
}

Solution by_weights() {
  Solution solution;
  solution.status = Status::by_weights;
  solution.assembly = {{{0, 1}, {2, 3}, {4, 5}}, 6};
  solution.permutation = to_permutation(solution.assembly);
  solution.mse = solution.largest_error = solution.target = std::numeric_limits<double>::quiet_NaN();
  solution.line.blocks = solution.assembly.blocks;
  solution.line.off = {0.5, 1.25, 2};
  solution.line.agreement = 0.99;
  solution.line.significance = 6.8;
  solution.line.needed = 3;
  solution.line.places = 1.5;
  return solution;
}

TEST(DescribeLine, SaysWhetherTheWeightsTellTheOrder) {
  WeightsLine line = by_weights().line;
  EXPECT_EQ(describe_line(line),
            std::vector<std::string>{"depth    the weights alone put the blocks in line: expand and compress pieces "
                                     "agree to 0.99 (6.8 standard errors), places +-1.5"});
  line.significance = 1.25;
  line.agreement = 0.125;
  EXPECT_EQ(
      describe_line(line),
      std::vector<std::string>{"depth    the weights do not say the order: lines by expand and by compress pieces "
                               "agree to 0.12 (1.2 standard errors, 3.0 are needed)"});
  EXPECT_TRUE(describe_line({}).empty());
}

TEST(DescribePlaces, AreForAnswersByTheWeights) {
  Solution solution = by_weights();
  EXPECT_EQ(describe_places(solution),
            (std::vector<std::string>{"places     0 to   2 +- 0.5 1.2 2.0", "reversed 4,5,2,3,0,1,6"}));
  EXPECT_NE(describe_end(solution).find("which end is the first is open"), std::string::npos);
  solution.line.significance = 0;
  EXPECT_NE(describe_end(solution).find("the weights do not say the order"), std::string::npos);
  solution.status = Status::solved;
  EXPECT_TRUE(describe_places(solution).empty());
}

TEST(JsonLog, AnAnswerByTheWeightsHasItsLine) {
  std::ostringstream out;
  const Network network = three_pieces();
  const auto log = std::make_unique<SolveLog>();
  log->add(make_json_log(out, {.times = false}));
  log->begin(some_header(), network);
  out.str("");
  log->on_line(by_weights().line);
  EXPECT_EQ(out.str(), "") << "the result says it";
  log->finish(by_weights(), {.code = ExitCode::success});
  const nlohmann::json result = nlohmann::json::parse(out.str());
  EXPECT_EQ(result["status"], "by-weights");
  EXPECT_TRUE(result["mse"].is_null());
  EXPECT_EQ(result["line"]["off"], (std::vector<double>{0.5, 1.25, 2}));
  EXPECT_EQ(result["line"]["reversed"], (std::vector<int>{4, 5, 2, 3, 0, 1, 6}));
  EXPECT_EQ(result["line"]["trusted"], true);
}

}  // namespace
}  // namespace kintsugi::cli
