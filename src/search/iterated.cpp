#include "search/iterated.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kintsugi {

namespace {

// A kick moves up to this many blocks, each by up to this many places.
constexpr std::uint64_t kKickMoves = 4;
constexpr int kKickReach = 8;
// Relative rise of the error that is accepted after a kick.
constexpr double kAcceptWorse = 0.05;
// Kicks without a new best order before the search gives up, per block.
constexpr std::int64_t kPatience = 5;
constexpr std::int64_t kLeastPatience = 200;
// Every so many kicks without a new best order the search for plateaus has its turn.
constexpr std::int64_t kPlateauKicks = 32;
// The error on twice the rows, relative to the sample's, from which the sample counts as overfitted.
constexpr double kOverfitted = 1.3;
// A descent that lowers the error to no less than this share of it in so many steps has frozen.
constexpr std::int64_t kPaceSteps = 8;
constexpr double kPace = 0.9;
// A search that works in rounds has as much work as the chain while it is what finds new best orders, else the so
// manieth part of it.
constexpr std::int64_t kReluctance = 4;
// Its next round begins where its last one led, unless the best order's error is so many times lower.
constexpr double kFarBehind = 4;
// One in so many kicks is a crossover, where there is an order to cross with; so many children are looked at.
constexpr std::uint64_t kCrossEvery = 4;
constexpr std::size_t kChildren = 8;

// `order` with the blocks of its window [first, last) in the sequence that they have in `other`. Pairs stay.
Blocks reorder_window(Blocks order, const Blocks& other, std::size_t first, std::size_t last) {
  const auto place = [&](const Block& block) { return position_of(block.expand, other); };
  std::ranges::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(first),
                           order.begin() + static_cast<std::ptrdiff_t>(last), {}, place);
  return order;
}

}  // namespace

IteratedSearch::IteratedSearch(Evaluator& evaluator, std::vector<std::unique_ptr<Search>> chain,
                               std::unique_ptr<Search> plateau, std::vector<std::unique_ptr<Search>> rounds,
                               std::set<int> doubtful, Escape escape, Random random)
    : evaluator_(&evaluator),
      chain_(std::move(chain)),
      everyday_(chain_.size()),
      doubtful_(std::move(doubtful)),
      escape_(escape),
      random_(random) {
  if (plateau) chain_.push_back(std::move(plateau));
  chained_ = chain_.size();
  for (std::unique_ptr<Search>& search : rounds) chain_.push_back(std::move(search));
  work_.assign(chain_.size(), 0);
  pays_.assign(chain_.size(), 1);
  came_to_.assign(chain_.size(), {});
}

std::size_t IteratedSearch::turns() const { return kicks_ % kPlateauKicks == kPlateauKicks - 1 ? chained_ : everyday_; }

void IteratedSearch::start(const Candidate& from) {
  current_ = home_ = best_ = from;
  kicks_ = 0;
  way_ = 0;
  came_to_.assign(chain_.size(), {});
  for (std::size_t i = chained_; i < chain_.size(); ++i) {
    if (chain_[i]->claim() <= 1) continue;
    way_ = active_ = i;
    chain_[i]->start(current_);
    return;
  }
  begin_chain();
}

void IteratedSearch::adopt(const Blocks& blocks, double mse) {
  current_.blocks = blocks;
  current_.mse = mse;
  home_ = current_;
  if (mse < best_.mse) best_ = current_;
  kicks_ = 0;
  way_ = 0;
  begin_chain();
}

void IteratedSearch::set_elites(const std::vector<Blocks>& elites) {
  elites_ = elites;
  for (const auto& search : chain_) search->set_elites(elites);
}

StepReport IteratedSearch::step() {
  if (current_.blocks.size() < 2) {
    // Nothing to order.
    current_.mse = evaluator_->error(current_.blocks, current_.tiles);
    best_ = current_;
    return {Event::start, 0, false, true};
  }
  const std::int64_t before = evaluator_->work();
  StepReport report = chain_[active_]->step();
  work_[active_] += evaluator_->work() - before;
  current_ = chain_[active_]->current();
  if (current_.mse < best_.mse) {
    best_ = current_;
    kicks_ = 0;
    if (escaped_) {
      pays_.assign(chain_.size(), 0);
      pays_[way_] = 1;
    }
  }
  if (!report.stuck) {
    if (active_ > 0 && report.improved) {
      begin_chain();
      return report;
    }
    if (active_ > 0 || !crawls() || next_round() == 0) return report;
  }
  report.stuck = false;
  if (active_ >= chained_) {
    // A round is over: what it came to is descended from.
    begin_chain();
    return report;
  }
  if (++active_ < turns()) {
    chain_[active_]->start(current_);
    return report;
  }
  if (!grow(report)) {
    if (kicks_ >= std::max(kLeastPatience, kPatience * static_cast<std::int64_t>(current_.blocks.size()))) {
      report.stuck = true;
      active_ = 0;
      return report;
    }
    if (const std::size_t search = next_round(); search > 0) {
      begin_round(search);
      return report;
    }
    escape(report);
  }
  begin_chain();
  return report;
}

void IteratedSearch::begin_chain() {
  active_ = 0;
  pace_steps_ = 0;
  chain_.front()->start(current_);
}

bool IteratedSearch::crawls() {
  if (pace_steps_ == 0) pace_error_ = current_.mse;
  if (++pace_steps_ <= kPaceSteps) return false;
  pace_steps_ = 0;
  return current_.mse > kPace * pace_error_;
}

std::size_t IteratedSearch::next_round() const {
  // A round in vain is followed by a kick: else rounds of several searches could take turns for ever.
  if (way_ >= chained_ && kicks_ > 0) return 0;
  const std::int64_t chain =
      std::accumulate(work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(chained_), std::int64_t{0});
  std::size_t next = 0;
  std::int64_t least = chain + 1;
  for (std::size_t i = chained_; i < chain_.size(); ++i) {
    const std::int64_t claim = chain_[i]->claim();
    const std::int64_t weighted = claim > 0 ? work_[i] / claim : (pays_[i] != 0 ? 1 : kReluctance) * work_[i];
    if (weighted >= least) continue;
    next = i;
    least = weighted;
  }
  return next;
}

void IteratedSearch::begin_round(std::size_t search) {
  ++kicks_;
  way_ = search;
  escaped_ = true;
  current_ = round_start(search);
  active_ = search;
  chain_[active_]->start(current_);
}

Candidate IteratedSearch::round_start(std::size_t search) {
  Candidate& last = came_to_[search];
  if (last.blocks.empty()) return home_;
  if (last.tiles != home_.tiles) last = {last.blocks, evaluator_->error(last.blocks, home_.tiles), home_.tiles};
  return last.mse < kFarBehind * home_.mse ? last : home_;
}

bool IteratedSearch::grow(StepReport& report) {
  settle();
  const std::size_t tiles = std::min(2 * home_.tiles, evaluator_->rows().tiles());
  if (tiles == home_.tiles) return false;
  const Blocks orders[] = {best_.blocks, home_.blocks};
  const std::vector<double> errors = evaluator_->errors(best_.blocks, orders, tiles);
  if (!(errors[0] > kOverfitted * best_.mse)) return false;
  const std::size_t better = errors[1] < errors[0] ? 1 : 0;
  home_ = {orders[better], errors[better], tiles};
  current_ = best_ = home_;
  kicks_ = 0;
  report.event = Event::growth;
  return true;
}

void IteratedSearch::settle() {
  if (chain_[way_]->insists()) {
    home_ = current_;
    came_to_.assign(chain_.size(), {});
    return;
  }
  if (chain_[way_]->claim() > 0) came_to_[way_] = current_;
  if (current_.mse < home_.mse * (1 + kAcceptWorse)) home_ = current_;
}

void IteratedSearch::escape(StepReport& report) {
  ++kicks_;
  way_ = 0;
  escaped_ = true;
  if (escape_ == Escape::restart) {
    restart(report);
  } else if (elites_.empty() || random_.below(kCrossEvery) != 0 || !cross(report)) {
    kick(report);
  }
}

void IteratedSearch::restart(StepReport& report) {
  random_.shuffle(std::span(current_.blocks));
  current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  home_ = current_;
  report.event = Event::restart;
}

bool IteratedSearch::cross(StepReport& report) {
  const std::size_t blocks = home_.blocks.size();
  std::vector<Blocks> children;
  for (std::size_t i = 0; i < kChildren; ++i) {
    const Blocks& other = elites_[random_.below(elites_.size())];
    const std::size_t length = 2 + random_.below(blocks - 1);
    const std::size_t first = random_.below(blocks - length + 1);
    Blocks child = reorder_window(home_.blocks, other, first, first + length);
    if (child != home_.blocks) children.push_back(std::move(child));
  }
  if (children.empty()) return false;
  const std::vector<double> errors = evaluator_->errors(home_.blocks, children, home_.tiles);
  const auto best = static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin());
  current_ = {std::move(children[best]), errors[best], home_.tiles};
  report.event = Event::crossover;
  report.moves = 1;
  return true;
}

void IteratedSearch::kick_pairs() {
  std::vector<Block*> blocks;
  for (Block& block : current_.blocks) {
    if (doubtful_.contains(block.expand)) blocks.push_back(&block);
  }
  Block& one = *blocks[random_.below(blocks.size())];
  Block& other = *blocks[random_.below(blocks.size())];
  const SharedWeights& weights = evaluator_->weights();
  if (weights.hidden(one.expand) == weights.hidden(other.expand)) std::swap(one.compress, other.compress);
}

void IteratedSearch::kick(StepReport& report) {
  current_ = home_;
  const int blocks = static_cast<int>(current_.blocks.size());
  const auto moves = static_cast<std::int64_t>(1 + random_.below(kKickMoves));
  for (std::int64_t i = 0; i < moves; ++i) {
    if (doubtful_.size() > 1 && random_.below(2) == 0) {
      kick_pairs();
      continue;
    }
    const int from = static_cast<int>(random_.below(static_cast<std::uint64_t>(blocks)));
    const int shift = static_cast<int>(random_.below(2 * kKickReach + 1)) - kKickReach;
    insert_in(current_.blocks, from, std::clamp(from + shift, 0, blocks - 1));
  }
  current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  report.event = Event::kick;
  report.moves = moves;
}

void IteratedSearch::save(StateWriter& writer) const {
  for (const auto& search : chain_) search->save(writer);
  writer.put(random_);
  for (const std::int64_t work : work_) writer.put(work);
  writer.put(static_cast<std::int64_t>(active_));
  writer.put(kicks_);
  writer.put(pace_steps_);
  writer.put(pace_error_);
  writer.put(static_cast<std::int64_t>(way_));
  writer.put(static_cast<std::int64_t>(escaped_));
  for (const Candidate& candidate : came_to_) candidate.save(writer);
  for (const char pays : pays_) writer.put(static_cast<std::int64_t>(pays));
  current_.save(writer);
  home_.save(writer);
  best_.save(writer);
  writer.put(static_cast<std::int64_t>(elites_.size()));
  for (const Blocks& elite : elites_) writer.put(elite);
}

void IteratedSearch::restore(StateReader& reader) {
  for (const auto& search : chain_) search->restore(reader);
  reader.get(random_);
  for (std::int64_t& work : work_) reader.get(work);
  active_ = static_cast<std::size_t>(reader.get<std::int64_t>());
  if (active_ >= chain_.size()) throw InputError("the state of a search is out of range");
  reader.get(kicks_);
  reader.get(pace_steps_);
  reader.get(pace_error_);
  way_ = static_cast<std::size_t>(reader.get<std::int64_t>());
  if (way_ >= chain_.size()) throw InputError("the state of a search is out of range");
  escaped_ = reader.get<std::int64_t>() != 0;
  for (Candidate& candidate : came_to_) candidate.restore(reader);
  for (char& pays : pays_) pays = reader.get<std::int64_t>() != 0 ? 1 : 0;
  current_.restore(reader);
  home_.restore(reader);
  best_.restore(reader);
  std::vector<Blocks> elites;
  for (auto left = reader.get<std::int64_t>(); left > 0; --left) reader.get(elites.emplace_back());
  set_elites(elites);
}

}  // namespace kintsugi
