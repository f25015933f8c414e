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
          choose_grid(ranks_.size(), options.candidate_groups, options.row_groups, RowTiles::count(rows.shape().rows))),
      model_(evaluator_, options.parameters.linear_model, memory_budget(options.memory)) {}

std::vector<int> IslandGroup::own() const {
  std::vector<int> own;
  for (int i = world_->rank() / (world_->size() / groups_); i < islands_; i += groups_) own.push_back(i);
  return own;
}

std::vector<std::vector<std::int64_t>> IslandGroup::gather(
    const std::function<void(int island, StateArchive& archive)>& write) const {
  StateArchive packed;
  for (int island : own()) {
    StateArchive one;
    write(island, one);
    std::vector<std::int64_t> words = one.words();
    if (root()) packed(island, words);
  }
  const std::vector<std::int64_t> all = world_->gather_all(packed.words());
  std::vector<std::vector<std::int64_t>> by_island(static_cast<std::size_t>(islands_));
  for (StateArchive archive(all); !archive.at_end();) {
    int island = 0;
    std::vector<std::int64_t> words;
    archive(island, words);
    by_island[static_cast<std::size_t>(island)] = std::move(words);
  }
  return by_island;
}

}  // namespace kintsugi
