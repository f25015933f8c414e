#include "search/islands/gather.hpp"

#include <utility>

namespace kintsugi {

std::vector<std::vector<std::int64_t>> gather_islands(const IslandGroup& group, std::vector<Island>& own,
                                                      const std::function<void(Island&, StateArchive&)>& write) {
  StateArchive packed;
  group.together([&] {
    for (Island& island : own) {
      StateArchive one;
      write(island, one);
      int number = island.number();
      std::vector<std::int64_t> words = one.words();
      if (group.root()) packed(number, words);
    }
  });
  const std::vector<std::int64_t> all = group.world().gather_all(packed.words());
  std::vector<std::vector<std::int64_t>> by_island(static_cast<std::size_t>(group.islands()));
  for (StateArchive archive(all); !archive.at_end();) {
    int number = 0;
    std::vector<std::int64_t> words;
    archive(number, words);
    by_island[static_cast<std::size_t>(number)] = std::move(words);
  }
  return by_island;
}

}  // namespace kintsugi
