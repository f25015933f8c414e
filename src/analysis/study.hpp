#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/study_results.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// Names of the starts that a study may swap positions of: start_names() and the weights' line in both directions.
[[nodiscard]] std::vector<std::string> study_start_names();

/// What a user can choose about a study; every field is an option of `kintsugi analyze`.
struct StudyOptions {
  std::int64_t work_rows = 2000;         ///< the first rows, on which starts, gains and repairs are worked out; 0: all
  std::uint64_t seed = 1;                ///< of all random numbers
  std::string pairing = "auto";          ///< a pair score, or auto
  std::vector<int> given_expand;         ///< as in SolveOptions
  std::string start = "delta-norm";      ///< whose positions are swapped, and where the searches start
  bool exact = true;                     ///< evaluate every swap; else screen them
  double temperature = 0;                ///< of the Bradley-Terry labels; 0: chosen
  bool repair_all = true;                ///< bubble repair from each start and from the Bradley-Terry order,
  std::vector<std::string> repair_from;  ///< or from these: starts' names, "bradley-terry"
  bool search_all = true;                ///< all searches,
  std::vector<std::string> searches;     ///< or these
  std::int64_t max_evaluations = 5000;   ///< of the whole network, for each repair and each search; 0: no limit
  double tolerance = 0;                  ///< MSE that counts as solved; 0: from the data
  std::optional<Assembly> answer;        ///< read on rank 0 only
};

/// How much arithmetic a part of the study took. `flops` counts the products of all ranks, by the block evaluations
/// that were asked for; `seconds` is wall time on rank 0.
struct StudyPart {
  std::string name;
  double seconds = 0;
  double flops = 0;
};

/// Called on rank 0 at the end of each part.
using StudyObserver = std::function<void(const StudyPart&)>;

/// Studies a network: its pair scores, starts, the swaps of one start with the order and the contradictions that follow
/// from them, bubble repair, and searches beside it. Numbers depend on the problem, the options and the build, never on
/// the number of ranks.
///
/// Collective over `world`. `network` is read on rank 0 only; `rows` is each rank's own source of the same data.
/// Throws on all ranks alike: InputError where the pieces cannot form a network, or where the start's network
/// overflows; UsageError for impossible options.
[[nodiscard]] Study study_network(const mpi::Comm& world, const Network& network, RowSource& rows,
                                  const StudyOptions& options, const StudyObserver& observer);

/// The first rows of another source, which must outlive this one.
class FirstRows final : public RowSource {
 public:
  FirstRows(RowSource& all, std::size_t rows) : all_(&all), shape_(all.shape()) {
    if (rows < shape_.rows) shape_.rows = rows;
  }
  [[nodiscard]] RowShape shape() const override { return shape_; }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    all_->read(first, count, inputs, predictions);
  }

 private:
  RowSource* all_;
  RowShape shape_;
};

}  // namespace kintsugi
