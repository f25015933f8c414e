#include "search/local/pair_exchange.hpp"

#include <gtest/gtest.h>

#include "search/local/until_stuck.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::expand_pieces;
using kintsugi::testing::run_until_stuck;

class PairExchangeOnPlanted : public testing::OnPlanted {
 protected:
  PairExchange exchange(const std::set<int>& untrusted) { return {evaluator(), untrusted, parameters_}; }
  Blocks mended(PairExchange& search, const Blocks& from) {
    return run_until_stuck(search, scored(from), [&](const Blocks& order) { return error(order); }).blocks;
  }
};

TEST_F(PairExchangeOnPlanted, MendsWrongPairs) {
  Blocks wrong = truth();
  std::swap(wrong[3].compress, wrong[8].compress);
  PairExchange of_two = exchange({wrong[3].expand, wrong[8].expand});
  EXPECT_EQ(mended(of_two, wrong), truth());
  std::swap(wrong[0].compress, wrong[5].compress);
  PairExchange of_all = exchange(expand_pieces(truth()));
  EXPECT_EQ(mended(of_all, wrong), truth());
}

TEST_F(PairExchangeOnPlanted, LeavesTrustedPairsAlone) {
  Blocks wrong = truth();
  std::swap(wrong[3].compress, wrong[8].compress);
  for (const std::set<int>& untrusted : {std::set<int>{}, {wrong[3].expand}, {wrong[3].expand, wrong[1].expand}}) {
    PairExchange search = exchange(untrusted);
    search.begin(scored(wrong));
    while (!search.step().stuck) continue;
    EXPECT_EQ(search.current().blocks[8], wrong[8]);
  }
}

class PairExchangeOnSizes : public testing::OnPlanted {
 protected:
  PairExchangeOnSizes() : OnPlanted(make()) {}
  static testing::PlantedProblem make() {
    PlantedOptions options;
    options.blocks = 6;
    options.width = 8;
    options.hidden = {12, 16};
    options.rows = 130;
    options.pair_signal = 0.5;
    return testing::make_planted(options);
  }
};

TEST_F(PairExchangeOnSizes, KeepsToBlocksOfOneHiddenSize) {
  Blocks wrong = truth();
  std::swap(wrong[0].compress, wrong[4].compress);
  std::swap(wrong[1].compress, wrong[3].compress);
  const auto recompute = [&](const Blocks& order) {
    for (const Block& block : order) {
      EXPECT_EQ(evaluator().weights().hidden(block.expand), evaluator().weights().hidden(block.compress));
    }
    return error(order, 5);
  };
  PairExchange exchange(evaluator(), expand_pieces(truth()), parameters_);
  EXPECT_EQ(run_until_stuck(exchange, {wrong, recompute(wrong), 5}, recompute).blocks, truth());
}

}  // namespace
}  // namespace kintsugi
