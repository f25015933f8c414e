#include "analysis/transitivity.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "analysis/median.hpp"
#include "core/stop.hpp"

namespace kintsugi {

TransitivityStudy study_transitivity(std::span<const double> gains, std::size_t n) {
  TransitivityStudy study;
  std::vector<double> cyclic_margins;
  std::vector<double> transitive_margins;
  double spans = 0;
  double cyclic_spans = 0;
  for (std::size_t span = 2; span < n; ++span) study.by_span.push_back({static_cast<std::int32_t>(span), 0, 0});
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a + 1; b < n && !stop_heard(); ++b) {
      for (std::size_t c = b + 1; c < n; ++c) {
        const double ab = gains[a * n + b];
        const double bc = gains[b * n + c];
        const double ac = gains[a * n + c];
        const double margin = std::min({std::fabs(ab), std::fabs(bc), std::fabs(ac)});
        // The two short pairs agree, and the long one says the opposite.
        const bool cyclic = (ab >= 0) == (bc >= 0) && (ab >= 0) != (ac >= 0);
        SpanCount& count = study.by_span[c - a - 2];
        ++study.triples;
        ++count.triples;
        spans += static_cast<double>(c - a);
        if (!cyclic) {
          transitive_margins.push_back(margin);
          continue;
        }
        ++count.cyclic;
        cyclic_spans += static_cast<double>(c - a);
        cyclic_margins.push_back(margin);
        study.cyclic.push_back(
            {static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(c), margin});
      }
    }
  }
  if (study.triples > 0) study.mean_span_all = spans / static_cast<double>(study.triples);
  if (!study.cyclic.empty()) study.mean_span_cyclic = cyclic_spans / static_cast<double>(study.cyclic.size());
  study.median_margin_cyclic = median_of(std::move(cyclic_margins));
  study.median_margin_transitive = median_of(std::move(transitive_margins));
  return study;
}

}  // namespace kintsugi
