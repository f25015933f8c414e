#include "search/rounds/depth_round.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "search/on_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

// Where pairs are open, a good line is finished sooner by local searches, and where many are, it says little.
bool waits_for_local_searches(const SearchClues& clues, const DepthStepsParameters& parameters) {
  const auto untrusted = static_cast<double>(clues.untrusted.size());
  if (untrusted < 2) return false;
  const auto blocks = static_cast<double>(clues.lines.front().size());
  return clues.line_places < parameters.easy_places || untrusted > parameters.most_untrusted * blocks;
}

}  // namespace

DepthRound::DepthRound(Evaluator& evaluator, Random random, const SearchClues& clues, const Parameters& parameters)
    : evaluator_(&evaluator),
      prior_(evaluator, clues, parameters),
      steps_(evaluator, prior_, parameters),
      decoding_(evaluator, random, prior_, parameters),
      line_places_(clues.line_places),
      parameters_(parameters.depth_steps),
      waits_(waits_for_local_searches(clues, parameters.depth_steps)),
      decodes_(PairDecoding::reach(clues.lines.front().size(), parameters.pair_decoding) > 0) {}

RoundPolicy DepthRound::policy() const {
  // A line that is right to a place or so is finished by a descent.
  if (line_places_ < parameters_.exact_places) return {};
  return {.work_share = parameters_.work_share, .first_work = waits_ ? 1 : 0};
}

void DepthRound::begin(const ScoredOrder& from) {
  decoding_now_ = false;
  from_ = from.blocks;
  // What a round without homes does to an order does not help the next one.
  const bool again = steps_.rounds() == 1 && first_was_cold_;
  if (steps_.rounds() == 0) {
    start_ = from;
    first_was_cold_ = !steps_.is_hot();
  }
  ScoredOrder& own = again ? start_ : last_;
  if (steps_.rounds() > 0) own = on_sample(*evaluator_, own, from.tiles);
  const bool resumes = again || (steps_.rounds() > 0 && last_.mse < parameters_.resumed * from.mse);
  steps_.begin(sent_home(resumes ? own : from));
}

ScoredOrder DepthRound::sent_home(const ScoredOrder& from) {
  if (!steps_.is_hot()) return from;
  prior_.begin(from.blocks);
  prior_.set_order(from.blocks, DepthPrior::Knows::line_and_homes);
  std::vector<double> places;
  bool any = false;
  for (std::size_t p = 0; p < from.blocks.size(); ++p) {
    const auto [home, odds] = prior_.likeliest_place(p);
    const double off = std::abs(static_cast<double>(home) - static_cast<double>(p));
    const bool goes = odds > parameters_.sent_odds && off > parameters_.sent_distance &&
                      !std::ranges::count(sent_, from.blocks[p].expand);
    // Just beyond the block that stands there now.
    places.push_back(goes ? static_cast<double>(home) + (home > p ? 0.5 : -0.5) : static_cast<double>(p));
    if (goes) sent_.push_back(from.blocks[p].expand);
    any = any || goes;
  }
  if (!any) return from;
  Blocks order = sorted_by(from.blocks, [&](std::size_t p) { return places[p]; });
  const double error = evaluator_->errors(from.blocks, std::span(&order, 1), from.tiles).front();
  return {std::move(order), error, from.tiles};
}

StepReport DepthRound::step() {
  const bool hot = steps_.is_hot();
  StepReport report = decoding_now_ ? decoding_.step() : steps_.step();
  if (!report.stuck) return report;
  if (!decoding_now_ && decodes_ && hot) {
    decoding_now_ = true;
    decoding_.begin(steps_.current());
    report.stuck = false;
  } else {
    settled_ = current().blocks == last_.blocks;
    last_ = current();
  }
  return report;
}

const ScoredOrder& DepthRound::current() const { return decoding_now_ ? decoding_.current() : steps_.current(); }

void DepthRound::state(StateArchive& archive) {
  archive(prior_, steps_, decoding_, decoding_now_, from_, start_, last_, settled_, first_was_cold_, sent_);
  archive.require(steps_.rounds() == 0 || (!start_.blocks.empty() && !last_.blocks.empty()));
}

}  // namespace kintsugi
