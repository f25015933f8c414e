#include "search/islands/stop_rule.hpp"

#include <array>
#include <cstddef>

namespace kintsugi {

namespace {

constexpr std::array kVotes{&StopVotes::solved,         &StopVotes::noise, &StopVotes::searching,
                            &StopVotes::stop_requested, &StopVotes::late,  &StopVotes::checkpoint_due,
                            &StopVotes::order_due};

}  // namespace

StopVotes agree_on(const mpi::Comm& world, const StopVotes& own) {
  std::array<std::int64_t, kVotes.size()> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = own.*kVotes[i] ? 1 : 0;
  world.max(words);
  StopVotes agreed;
  for (std::size_t i = 0; i < words.size(); ++i) agreed.*kVotes[i] = words[i] != 0;
  return agreed;
}

StopDecision decide(const StopVotes& votes, std::int64_t evaluations, const SearchOptions& options) {
  const auto end = [](bool checkpoint, Status status) { return StopDecision{true, checkpoint, false, status}; };
  if (votes.solved) return end(false, Status::solved);
  if (votes.noise) return end(false, Status::noise);
  // What a limit ends can be resumed: its state is handed out.
  if (votes.stop_requested) return end(true, Status::interrupted);
  if (votes.late) return end(true, Status::time_limit);
  if (options.max_evaluations > 0 && evaluations >= options.max_evaluations) return end(true, Status::evaluations);
  if (!votes.searching) return end(false, Status::not_solved);
  return {false, votes.checkpoint_due, votes.order_due, Status::not_solved};
}

}  // namespace kintsugi
