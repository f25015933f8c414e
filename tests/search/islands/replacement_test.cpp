#include "search/islands/replacement.hpp"

#include <gtest/gtest.h>

namespace kintsugi {
namespace {

// A search at a standstill since so many perturbations.
class IdleSearch final : public IslandSearch {
 public:
  IdleSearch(std::int64_t idle, double best) : idle_(idle), best_{{}, best, 1} {}
  void begin(const ScoredOrder&) override {}
  StepReport step() override { return {}; }
  [[nodiscard]] const ScoredOrder& current() const override { return best_; }
  [[nodiscard]] const ScoredOrder& best() const override { return best_; }
  [[nodiscard]] std::int64_t idle_perturbations() const override { return idle_; }
  void adopt(const Blocks&, double) override {}
  void set_elites(const std::vector<Blocks>&) override {}
  void state(StateArchive&) override {}

 private:
  std::int64_t idle_;
  ScoredOrder best_;
};

TEST(Replacement, OfAnOrderThatIsBetterByAShareOnceTheSearchStandsStill) {
  const Replacement rule({.patience = 3, .better = 0.25});
  const IdleSearch moving(2, 1.0);
  EXPECT_FALSE(rule.open(moving));
  EXPECT_FALSE(rule.accepts(moving, 0.0)) << "it still finds better ones itself";
  const IdleSearch idle(3, 1.0);
  EXPECT_TRUE(rule.open(idle));
  EXPECT_TRUE(rule.accepts(idle, 0.74));
  EXPECT_FALSE(rule.accepts(idle, 0.75)) << "not enough better";
  EXPECT_FALSE(rule.accepts(idle, 1.1));
}

}  // namespace
}  // namespace kintsugi
