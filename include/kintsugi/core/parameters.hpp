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
  std::int64_t screen_headroom = 12;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("screen_headroom", screen_headroom, "bits", 4, 40,
            "Predicted changes are summed as integers that reach up to 2^12 times the present error in each tile; "
            "larger ones are clamped. Each bit more doubles the reach and the smallest difference seen. Not measured.");
  }
};

struct AdjustedErrorParameters {
  double swap_damping = 1e-3;
  double flat_damping = 1e-6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("swap_damping", swap_damping, "of a diagonal entry", 0, 1,
            "Damps the coefficients of swaps: when raised, swaps make up for less and the adjusted error comes nearer "
            "to the plain one; without it rows that are few are overfitted. Not measured.");
    visitor("flat_damping", flat_damping, "of the mean diagonal entry", 0, 1,
            "Keeps the equations solvable where a swap has no effect at all.");
  }
};

struct PositionStepParameters {
  double flat_damping = 1e-6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("flat_damping", flat_damping, "of the mean diagonal entry", 0, 1,
            "Keeps blocks without any slope where they are, and the equations solvable.");
  }
};

struct ResidualTestParameters {
  std::size_t reach = 3;
  std::size_t most_pairs = 192;
  double deviations = 5;
  double rows_per_feature = 8;
  double ridge = 1e-10;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("reach", reach, "positions", 1, 100,
            "Swaps of blocks up to so far apart are features. More of them explain more of a wrong order, and cost "
            "rows. Not measured.");
    visitor("most_pairs", most_pairs, "pairs", 1, 100000,
            "Of the swaps so many at most, evenly from all: time and memory grow with their square. Not measured.");
    visitor("deviations", deviations, "standard deviations", 0, 100,
            "R^2 below so many above its mean by chance counts as noise. When lowered, noise is missed and searches go "
            "on in vain; when raised, small errors of a wrong order pass for noise.");
    visitor("rows_per_feature", rows_per_feature, "rows", 1, 1000000.0,
            "With fewer rows R^2 by chance is so large that nothing can be told. Not measured.");
    visitor("ridge", ridge, "of a diagonal entry", 0, 1,
            "Added to the normal matrix of features of unit length: tells copies among the features apart. Only needs "
            "to be well above rounding.");
  }
};

struct ErrorFloorParameters {
  double float32_share = 1e-11;
  double deviations = 6;
  double finest = 1e-14;
  double coarsest = 1e-2;
  std::int64_t least_values = 64;
  std::int64_t most_decimals = 6;
  std::int64_t least_digits = 2;
  std::int64_t most_digits = 6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("float32_share", float32_share, "of the variance", 0, 0.01,
            "Errors below it are rounding of float32: true orders come out near 1e-14, no wrong order was ever seen "
            "below 5e-7.");
    visitor("deviations", deviations, "standard errors", 0, 100,
            "The target leaves room for so many standard errors of a rounding's mean square: that of the true order is "
            "hardly ever above it. When raised, orders with a small error pass on small samples.");
    visitor("finest", finest, "of the variance", 0, 1,
            "Rounding with a smaller mean square is that of float32 itself.");
    visitor("coarsest", coarsest, "of the variance", 0, 1,
            "Rounding with a larger mean square leaves nothing to tell orders by, and is taken for none.");
    visitor("least_values", least_values, "values", 1, 1000000.0, "Fewer predictions may look rounded by chance.");
    visitor("most_decimals", most_decimals, "decimals", 0, 20,
            "Rounding is looked for up to so many decimals; further ones are as fine as float32.");
    visitor(
        "least_digits", least_digits, "digits", 1, 9,
        "Rounding is looked for from so many significant digits on; with one digit nothing is left to tell orders by.");
    visitor("most_digits", most_digits, "digits", 1, 9,
            "Rounding is looked for up to so many significant digits; float32 itself has seven.");
  }
};

struct RelaxedPairingParameters {
  double damping = 0.3;
  std::int64_t trials = 6;
  double damping_rise = 4;
  double damping_fall = 0.25;
  double good_gain = 0.5;
  double bad_gain = 0.25;
  double residual_left = 1e-4;
  std::int64_t most_products = 60;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("damping", damping, "of the mean diagonal entry", 0, 1000000.0,
            "Of the first step. With too little of it the first step overshoots, and a step that was predicted well "
            "lowers it anyway.");
    visitor("trials", trials, "steps", 1, 100,
            "Dampings tried until the error falls; when raised, hopeless steps cost more. Not measured.");
    visitor("damping_rise", damping_rise, "factor", 1, 1000,
            "Of the damping after a step that was predicted badly or did not lower the error. Not measured.");
    visitor("damping_fall", damping_fall, "factor", 0, 1,
            "Of the damping after a step that was predicted well. Not measured.");
    visitor("good_gain", good_gain, "actual by predicted fall", 0, 1,
            "Above it a step counts as predicted well: when raised, damping falls later. Not measured.");
    visitor("bad_gain", bad_gain, "actual by predicted fall", 0, 1,
            "Below it a step counts as predicted badly: when raised, damping rises sooner. Not measured.");
    visitor("residual_left", residual_left, "of the residual's square", 0, 1,
            "Conjugate gradients stop there; when lowered, steps are solved more exactly than their linear model is "
            "worth. Not measured.");
    visitor("most_products", most_products, "products", 1, 1000000.0,
            "Conjugate gradients stop after so many: each costs a pass over all slopes. Not measured.");
  }
};

// --- pairing ---

struct PairingParameters {
  template <class Visitor>
  void visit(Visitor& /*visitor*/) {}
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
