#include "kintsugi/core/solution.hpp"

#include <array>
#include <utility>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::array<std::pair<Status, std::string_view>, 10> kWords{{{Status::solved, "solved"},
                                                                      {Status::reproduced, "reproduced"},
                                                                      {Status::precision, "precision"},
                                                                      {Status::noise, "noise"},
                                                                      {Status::not_solved, "not_solved"},
                                                                      {Status::time_limit, "time_limit"},
                                                                      {Status::evaluations, "evaluations"},
                                                                      {Status::interrupted, "interrupted"},
                                                                      {Status::unfinished, "unfinished"},
                                                                      {Status::by_weights, "by-weights"}}};

}  // namespace

std::string_view to_string(Status status) {
  for (const auto& [value, word] : kWords) {
    if (value == status) return word;
  }
  throw InternalError("unknown status value");
}

Status parse_status(std::string_view word) {
  for (const auto& [value, known] : kWords) {
    if (known == word) return value;
  }
  throw InputError("unknown status '" + std::string(word) + "'");
}

}  // namespace kintsugi
