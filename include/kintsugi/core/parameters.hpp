#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

// Every tuned number of kintsugi, one struct for each part that has some. A member is followed by its line in visit():
// name, unit, lowest and highest value that make sense, and the reason for its default.

// --- objective ---

struct LinearModelParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct AdjustedErrorParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct PositionStepParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct ResidualTestParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct ErrorFloorParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct RelaxedPairingParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

// --- pairing ---

struct PairingParameters {
  double trust_level = 1e-3;
  std::int64_t learning_rounds = 8;
  std::int64_t direction_rounds = 12;
  std::int64_t unrelated_pairs = 250;
  double norm_rounding = 1e-6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "trust_level", trust_level, "probability", 1e-12, 0.5,
        "How often one network of unrelated pieces may show a trusted pair. Raised, more pairs count as certain, and "
        "a wrong one among them is never tried again.");
    visitor(
        "learning_rounds", learning_rounds, "rounds", 1, 1000,
        "The learned score changes its pairs so often at most. They are stable within a handful of rounds, or go in a "
        "circle where there is nothing to learn.");
    visitor(
        "direction_rounds", direction_rounds, "rounds", 1, 1000,
        "Pairs of square pieces and the common frame are found in turn so often at most. They are stable within a few "
        "rounds.");
    visitor("unrelated_pairs", unrelated_pairs, "pairs", 1, 1e6,
            "A direction is sure if it has more evidence than any of so many pairs of unrelated pieces. Raised, fewer "
            "directions are sure, and finding them takes longer in proportion.");
    visitor("norm_rounding", norm_rounding, "share of the norm", 1e-9, 1e-3,
            "Squared norms of products below this share of their factors' norms are rounding of float32 Gram matrices, "
            "and count as the share itself.");
  }
};

// --- search: local ---

struct ScreenedBatchParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct DescentParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct RelocationParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct PairExchangeParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct TabuParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

// --- search: rounds ---

struct PairRelaxationParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct GaussNewtonParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct ProjectedRelocationParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

struct AnnealingParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

// --- search: iterated ---

struct IteratedParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

// --- search: islands ---

struct IslandParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
};

// --- solve ---

struct PreparationParameters {
  std::int64_t start_rows = 64;
  std::int64_t first_sample_rows = 512;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "start_rows", start_rows, "rows", 1, 1e6,
        "Starts are ranked by their error on so many rows: twice as many rank them no better on the networks seen.");
    visitor("first_sample_rows", first_sample_rows, "rows", 32, 1e7,
            "The search's first sample. With 128 rows no method ordered the real puzzle, with 512 all did.");
  }
};

/// All of them. Groups and members are in the order in which they are printed.
struct Parameters {
  LinearModelParameters linear_model;
  AdjustedErrorParameters adjusted_errors;
  PositionStepParameters position_step;
  ResidualTestParameters residual_test;
  ErrorFloorParameters error_floor;
  RelaxedPairingParameters relaxed_pairing;
  PairingParameters pairing;
  ScreenedBatchParameters screened_batch;
  DescentParameters descent;
  RelocationParameters relocation;
  PairExchangeParameters pair_exchange;
  TabuParameters tabu;
  PairRelaxationParameters pair_relaxation;
  GaussNewtonParameters gauss_newton;
  ProjectedRelocationParameters projected_relocation;
  AnnealingParameters annealing;
  IteratedParameters iterated;
  IslandParameters island;
  PreparationParameters preparation;

  /// Calls group(name, part) for each part.
  template <class Group>
  void visit(Group&& group) {
    group("linear_model", linear_model);
    group("adjusted_errors", adjusted_errors);
    group("position_step", position_step);
    group("residual_test", residual_test);
    group("error_floor", error_floor);
    group("relaxed_pairing", relaxed_pairing);
    group("pairing", pairing);
    group("screened_batch", screened_batch);
    group("descent", descent);
    group("relocation", relocation);
    group("pair_exchange", pair_exchange);
    group("tabu", tabu);
    group("pair_relaxation", pair_relaxation);
    group("gauss_newton", gauss_newton);
    group("projected_relocation", projected_relocation);
    group("annealing", annealing);
    group("iterated", iterated);
    group("island", island);
    group("preparation", preparation);
  }
};

/// One parameter as text.
struct ParameterText {
  std::string name;  ///< "group.member"
  std::string value;
  std::string_view unit;
  double lowest = 0;
  double highest = 0;
  std::string_view reason;
};

[[nodiscard]] std::vector<ParameterText> describe(const Parameters& parameters);

/// Sets the parameter called `name` ("group.member"). Throws UsageError that names the rule and the value where there
/// is none of that name, or `value` is no number or out of range.
void set_parameter(Parameters& parameters, std::string_view name, std::string_view value);

/// SHA-256 of all names and values: equal where two runs have the same numbers.
[[nodiscard]] std::string fingerprint(const Parameters& parameters);

}  // namespace kintsugi
