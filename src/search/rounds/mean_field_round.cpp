#include "search/rounds/mean_field_round.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "objective/conjugate_gradients.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Of the equal share: what a share is raised to before rows and columns are scaled.
constexpr double kLeastShare = 1e-3;
constexpr int kScalings = 100;

// Positive, with rows and columns that sum to one.
Table as_probabilities(Table shares) {
  shares = shares.cwiseMax(kLeastShare / static_cast<double>(shares.rows()));
  for (int turn = 0; turn < kScalings; ++turn) {
    shares.array().colwise() /= shares.rowwise().sum().array().eval();
    shares.array().rowwise() /= shares.colwise().sum().array().eval();
  }
  return shares;
}

}  // namespace

MeanFieldRound::MeanFieldRound(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters,
                               const MemoryBudget& memory, bool waits)
    : evaluator_(&evaluator),
      field_(evaluator, parameters.mean_field.nodes, parameters.mean_field.degrees),
      parameters_(parameters.mean_field),
      most_bytes_(memory.slopes),
      untrusted_(clues.untrusted),
      likely_(clues.likely),
      waits_(waits) {}

RoundPolicy MeanFieldRound::policy() const {
  const std::size_t step = field_.evaluations() * evaluator_->rows().tiles_for(parameters_.rows);
  return {.work_share = parameters_.work_share,
          .first_work = waits_ ? parameters_.waiting * static_cast<std::int64_t>(step) : 0};
}

MeanFieldRound::Sample MeanFieldRound::sample() const {
  Sample sample;
  sample.all = evaluator_->rows().tiles_for(parameters_.rows);
  const auto held = static_cast<std::size_t>(std::ceil(parameters_.held_share * static_cast<double>(sample.all)));
  sample.fitted = std::min(sample.all - std::min(sample.all, held), field_.affordable_tiles(most_bytes_));
  return sample;
}

void MeanFieldRound::begin(const ScoredOrder& from) {
  current_ = from;
  if (!std::isfinite(from.mse)) current_.mse = evaluator_->error(from.blocks, from.tiles);
  if (done_) return;
  // Without a step since, it is the same round that begins.
  held_out_.size() > 1 ? refine() : start(from.blocks);
  const auto [fitted, all] = sample();
  damping_ = 0;
  held_out_.assign(1, field_.error(point_, fitted, all));
}

void MeanFieldRound::start(const Blocks& blocks) {
  set_resolution();
  field_.start(ShareGroups(evaluator_->weights(), blocks, untrusted_));
  point_ = field_.groups().likely_shares(likely_);
  point_.resize(field_.unknowns(), 0);
  prior_ = point_;
  precision_.assign(field_.unknowns(), 1 / parameters_.spread_variance);
  set_share_precision();
}

void MeanFieldRound::set_resolution() {
  field_.set_resolution(parameters_.nodes << finer_, parameters_.degrees << finer_);
}

// Twice the nodes and polynomials, with blocks spread as before.
void MeanFieldRound::refine() {
  const std::size_t before = field_.degrees();
  ++finer_;
  set_resolution();
  const std::size_t shares = field_.groups().size();
  const auto refined = [&](const std::vector<double>& coarse, double rest) {
    std::vector<double> fine(field_.unknowns(), rest);
    std::copy_n(coarse.begin(), shares, fine.begin());
    for (std::size_t i = shares; i < coarse.size(); ++i) {
      const std::size_t block = (i - shares) / before;
      fine[shares + block * field_.degrees() + (i - shares) % before] = coarse[i];
    }
    return fine;
  };
  point_ = refined(point_, 0);
  prior_ = refined(prior_, 0);
  precision_ = refined(precision_, 1 / parameters_.spread_variance);
}

void MeanFieldRound::set_share_precision() {
  for (const ShareGroups::Group& group : field_.groups().groups()) {
    const auto size = static_cast<double>(group.compress.size());
    for (std::size_t n = group.shares; n < group.shares + group.expand.size() * group.compress.size(); ++n)
      precision_[n] = 1 / std::max(prior_[n] * (1 - prior_[n]), parameters_.least_variance / size);
  }
}

void MeanFieldRound::renew_prior() {
  const double kept = parameters_.prior_kept;
  for (const ShareGroups::Group& group : field_.groups().groups()) {
    const auto size = static_cast<Eigen::Index>(group.compress.size());
    const Table found = as_probabilities(Eigen::Map<const Table>(point_.data() + group.shares, size, size));
    double* const prior = prior_.data() + group.shares;
    for (Eigen::Index n = 0; n < found.size(); ++n) prior[n] = kept * prior[n] + (1 - kept) * found.data()[n];
  }
  for (std::size_t n = field_.groups().size(); n < point_.size(); ++n)
    prior_[n] = kept * prior_[n] + (1 - kept) * point_[n];
  set_share_precision();
}

// Sums of shares stay as they are, and so do the coefficients of all blocks together.
void MeanFieldRound::project(std::vector<double>& step) const {
  field_.groups().project(step);
  const std::size_t shares = field_.groups().size();
  const auto blocks = static_cast<Eigen::Index>(field_.groups().blocks().size());
  const auto degrees = static_cast<Eigen::Index>(field_.degrees());
  // The order in which Eigen sums follows from where values lie: in a copy, always alike.
  Eigen::Map<Table> coefficients(step.data() + shares, blocks, degrees);
  const Table copy = coefficients;
  coefficients = copy.rowwise() - copy.colwise().mean();
}

// Twice the negative logarithm of the posterior density, but for a constant.
double MeanFieldRound::objective(std::span<const double> point, double mse) const {
  double sum = mse * evaluator_->entries(sample().fitted) / held_out_.back();
  for (std::size_t n = 0; n < point.size(); ++n) sum += precision_[n] * (point[n] - prior_[n]) * (point[n] - prior_[n]);
  return sum;
}

// The step to the largest density, damped, by conjugate gradients.
std::vector<double> MeanFieldRound::solve(std::span<const double> gradient) const {
  std::vector<double> residual(gradient.size());
  for (std::size_t n = 0; n < gradient.size(); ++n)
    residual[n] = -gradient[n] / held_out_.back() - precision_[n] * (point_[n] - prior_[n]);
  project(residual);
  return conjugate_gradients(std::move(residual), parameters_.residual_left, parameters_.most_products,
                             [&](const std::vector<double>& direction) {
                               std::vector<double> product = field_.equations().normal_product(direction);
                               for (std::size_t n = 0; n < product.size(); ++n)
                                 product[n] =
                                     product[n] / held_out_.back() + (1 + damping_) * precision_[n] * direction[n];
                               project(product);
                               return product;
                             });
}

bool MeanFieldRound::descend() {
  const std::size_t fitted = sample().fitted;
  const double mse = field_.linearise(point_, fitted);
  if (!std::isfinite(mse) || !(held_out_.back() > 0) || !std::isfinite(held_out_.back())) return false;
  const std::vector<double> gradient = field_.equations().gradient();
  const double before = objective(point_, mse);
  for (std::int64_t trial = 0; trial < parameters_.trials; ++trial) {
    const std::vector<double> step = solve(gradient);
    std::vector<double> tried = point_;
    for (std::size_t n = 0; n < tried.size(); ++n) tried[n] += step[n];
    if (objective(tried, field_.error(tried, 0, fitted)) < before) {
      point_ = std::move(tried);
      damping_ /= parameters_.damping_rise;
      return true;
    }
    damping_ = std::max(1.0, damping_ * parameters_.damping_rise);
  }
  return false;
}

bool MeanFieldRound::is_settled() const {
  const std::size_t steps = held_out_.size() - 1;
  const std::size_t patience = parameters_.patience;
  if (steps < patience) return false;
  return steps >= parameters_.steps || !(held_out_.back() < parameters_.settled * held_out_[steps - patience]);
}

StepReport MeanFieldRound::step() {
  StepReport report;
  report.event = Event::mean_field;
  report.stuck = true;
  if (done_) return report;
  const bool lower = descend();
  // Searches are many, and slopes take much memory.
  field_.clear();
  if (lower) {
    const Blocks before = current_.blocks;
    decode();
    for (std::size_t p = 0; p < before.size(); ++p) report.moves += before[p] == current_.blocks[p] ? 0 : 1;
    const auto [fitted, all] = sample();
    held_out_.push_back(field_.error(point_, fitted, all));
    renew_prior();
    report.stuck = is_settled();
  }
  if (report.stuck) done_ = !lower || parameters_.nodes << finer_ >= field_.groups().blocks().size();
  return report;
}

// The order that the field stands for.
void MeanFieldRound::decode() {
  const std::vector<double> depths = field_.depths(point_);
  const ShareGroups& groups = field_.groups();
  Blocks order = sorted_by(groups.blocks(), [&](std::size_t p) { return depths[p]; });
  order = groups.rounded(std::move(order), std::span(point_).first(groups.size()));
  const double error = evaluator_->errors(current_.blocks, std::span(&order, 1), current_.tiles).front();
  current_ = {std::move(order), error, current_.tiles};
}

void MeanFieldRound::state(StateArchive& archive) {
  Blocks blocks = field_.groups().blocks();
  archive(blocks, finer_);
  archive.require(finer_ < 32);
  if (archive.reading() && !blocks.empty()) start(blocks);
  const std::size_t unknowns = point_.size();
  archive(current_, point_, prior_, precision_, held_out_, damping_, done_);
  for (const std::vector<double>* const values : {&point_, &prior_, &precision_}) {
    archive.require(values->size() == unknowns);
    archive.require(std::ranges::all_of(*values, [](double value) { return std::isfinite(value); }));
  }
  archive.require(std::ranges::all_of(precision_, [](double value) { return value > 0; }));
  archive.require(blocks.empty() == held_out_.empty() && damping_ >= 0);
  if (archive.reading()) archive.require(done_ || blocks.empty() || !current_.blocks.empty());
}

}  // namespace kintsugi
