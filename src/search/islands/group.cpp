#include "search/islands/group.hpp"

#include <algorithm>

namespace kintsugi {

namespace {

// Groups of equal size: the most that there are islands for.
int count_groups(int ranks, int islands) {
  int groups = std::min(ranks, islands);
  while (ranks % groups != 0) --groups;
  return groups;
}

}  // namespace

IslandGroup::IslandGroup(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows,
                         const SearchOptions& options)
    : world_(&world),
      islands_(options.islands),
      groups_(count_groups(world.size(), options.islands)),
      ranks_(world.split(world.rank() / (world.size() / groups_))),
      evaluator_(
          ranks_, weights, rows,
          choose_grid(ranks_.size(), options.candidate_groups, options.row_groups, RowTiles::count(rows.shape().rows)),
          options.tolerance <= 0),
      model_(evaluator_, options.parameters.linear_model, memory_budget(options.memory)) {}

void IslandGroup::together(const std::function<void()>& work) const {
  if (groups_ == 1) {
    work();
  } else {
    world_->agree(work);
  }
}

std::vector<int> IslandGroup::own() const {
  std::vector<int> own;
  for (int i = world_->rank() / (world_->size() / groups_); i < islands_; i += groups_) own.push_back(i);
  return own;
}

}  // namespace kintsugi
