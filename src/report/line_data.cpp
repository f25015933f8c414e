#include <cmath>

#include "report/page_data.hpp"
#include "report/reduce.hpp"

namespace kintsugi::report {

using Json = nlohmann::ordered_json;

namespace {

/// The similarities with the blocks in the order `places`, a picture of at most kMostCells on each side. A block is not
/// compared with itself.
Json picture(const std::vector<double>& similarity, const std::vector<int>& places) {
  const std::size_t length = places.size();
  std::vector<double> values(length * length);
  for (std::size_t p = 0; p < length; ++p) {
    const auto row = static_cast<std::size_t>(places[p]) * length;
    for (std::size_t q = 0; q < length; ++q)
      values[p * length + q] =
          p == q ? std::numeric_limits<double>::quiet_NaN() : similarity[row + static_cast<std::size_t>(places[q])];
  }
  return grid_data(reduce(values, length, length, kMostCells, Keep::largest_magnitude));
}

double rank_correlation(const std::vector<int>& places) {
  const auto n = static_cast<double>(places.size());
  if (places.size() < 2) return 1;
  double squares = 0;
  for (std::size_t p = 0; p < places.size(); ++p) squares += std::pow(places[p] - static_cast<double>(p), 2);
  return 1 - 6 * squares / (n * (n * n - 1));
}

}  // namespace

Json line_data(const Report& report) {
  const WeightsLine& line = report.line->line;
  const std::vector<int>& places = report.line->places;
  Json features = Json::array();
  for (const FeatureSmoothness& each : line.features)
    features.push_back({{"name", each.name}, {"side", each.side}, {"smoothness", each.smoothness}});
  std::vector<int> identity(places.size());
  for (std::size_t t = 0; t < identity.size(); ++t) identity[t] = static_cast<int>(t);
  Json data{{"agreement", line.agreement},
            {"significance", line.significance},
            {"needed", line.needed},
            {"trusted", line.trusted()},
            {"places", line.places},
            {"off", numbers(line.off)},
            {"answer", places},
            {"inversions", kendall_distance(places, identity)},
            {"features", features},
            {"similarity", Json()}};
  data["rank_correlation"] = rank_correlation(places);
  if (report.problem && !report.problem->similarity.empty()) {
    data["similarity"] = {{"by_line", picture(report.problem->similarity, places)},
                          {"by_answer", picture(report.problem->similarity, identity)}};
  }
  return data;
}

}  // namespace kintsugi::report
