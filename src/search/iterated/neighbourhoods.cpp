#include "search/iterated/neighbourhoods.hpp"

#include <utility>

namespace kintsugi {

Neighbourhoods::Neighbourhoods(std::vector<std::unique_ptr<Step>> steps, std::unique_ptr<Step> plateau,
                               const NeighbourhoodParameters& parameters)
    : parameters_(parameters), steps_(std::move(steps)), has_plateau_(plateau != nullptr) {
  if (plateau) steps_.push_back(std::move(plateau));
}

void Neighbourhoods::begin(const ScoredOrder& from) {
  active_ = 0;
  pace_steps_ = 0;
  steps_.front()->begin(from);
}

bool Neighbourhoods::advance(const ScoredOrder& from, std::int64_t idle_perturbations) {
  const std::int64_t every = parameters_.plateau_every;
  const bool plateau_turn = idle_perturbations % every == every - 1;
  const std::size_t turns = has_plateau_ && !plateau_turn ? steps_.size() - 1 : steps_.size();
  if (active_ + 1 >= turns) return false;
  steps_[++active_]->begin(from);
  return true;
}

bool Neighbourhoods::stagnates(double mse) {
  if (pace_steps_ == 0) pace_error_ = mse;
  if (++pace_steps_ <= parameters_.pace_steps) return false;
  pace_steps_ = 0;
  return mse > parameters_.pace * pace_error_;
}

void Neighbourhoods::state(StateArchive& archive) {
  for (const auto& step : steps_) step->state(archive);
  archive(active_, work_, pace_steps_, pace_error_);
  archive.require(active_ < steps_.size());
}

}  // namespace kintsugi
