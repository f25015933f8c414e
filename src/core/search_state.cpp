#include "kintsugi/core/search_state.hpp"

#include <bit>

namespace kintsugi {

void append_words(const TrajectoryEntry& row, std::vector<std::int64_t>& words) {
  const auto bits = [](double value) { return std::bit_cast<std::int64_t>(value); };
  words.insert(words.end(), {row.step, row.island, letter(row.event), row.rows, bits(row.mse), bits(row.best),
                             row.moves, row.evaluations, bits(row.seconds)});
}

TrajectoryEntry trajectory_entry(const std::int64_t* words) {
  const auto real = [](std::int64_t word) { return std::bit_cast<double>(word); };
  return {.step = words[0],
          .island = static_cast<std::int32_t>(words[1]),
          .event = event_of(static_cast<char>(words[2])).value(),
          .rows = words[3],
          .mse = real(words[4]),
          .best = real(words[5]),
          .moves = words[6],
          .evaluations = words[7],
          .seconds = real(words[8])};
}

}  // namespace kintsugi
