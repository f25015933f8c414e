#include "core/certainty.hpp"

namespace kintsugi {

bool explains_predictions(Status status) {
  return status == Status::solved || status == Status::reproduced || status == Status::precision ||
         status == Status::noise;
}

bool is_certain(const Margin& margin, Status status) {
  constexpr double kStandardErrors = 3;
  if (margin.interchangeable) return false;
  return explains_predictions(status) || margin.z() >= kStandardErrors;
}

Certainty certainty_of(const Solution& solution) {
  Certainty result{.of_answer = explains_predictions(solution.status), .of = solution.margins.size()};
  for (const Margin& margin : solution.margins) result.certain += is_certain(margin, solution.status) ? 1 : 0;
  return result;
}

}  // namespace kintsugi
