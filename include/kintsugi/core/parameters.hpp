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
  double exchange_rise = 400;

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
    visitor("exchange_rise", exchange_rise, "variances of the noise", 0, 1e12,
            "Where pairs are open, errors pass for noise only if each exchange of two pairs' pieces raises the sum of "
            "squares by so much. Where noise hides exchanges, wrong pairs have orders of nearly the least error, which "
            "no test of the errors tells from it: of 76 planted networks with noise of 16 to 63 %, 23 ended at wrong "
            "pairs, with 282 at most; 12 of the others have more than 400.");
  }
};

struct ErrorFloorParameters {
  double float32_share = 1e-11;
  double offset_share = 1e-14;
  double float32_ratio = 4;
  double sure_share = 0.5;
  double largest_ratio = 16;
  double largest_deviations = 5;
  double precision_ratio = 4;
  std::int64_t precision_rows = 512;
  std::int64_t precision_draws = 4;
  std::size_t few_predictions = 1024;
  double deviations = 6;
  double finest = 1e-14;
  double coarsest = 1;
  std::int64_t least_values = 64;
  std::int64_t most_decimals = 6;
  std::int64_t least_digits = 2;
  std::int64_t most_digits = 6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("float32_share", float32_share, "of the variance", 0, 0.01,
            "Errors below it are rounding of float32: true orders come out near 1e-14, no wrong order was ever seen "
            "below 5e-7.");
    visitor(
        "offset_share", offset_share, "of the mean square", 0, 0.01,
        "Errors below it are rounding of float32, too: counts where predictions are far from zero for their spread. "
        "Three times the square of half a unit in the last place.");
    visitor("float32_ratio", float32_ratio, "factor", 1, 1e6,
            "The mean square error of a solution may be so many times that of an evaluation in float32. The true "
            "orders of 13 networks with PyTorch's predictions: 0.85 to 1.2.");
    visitor("sure_share", sure_share, "share", 0, 1,
            "Above this share of what rounding explains, the search goes on until an order withstands perturbations.");
    visitor("largest_ratio", largest_ratio, "factor", 1, 1e6,
            "The same for the square of the largest error: rows differ in how much they make of rounding. The same "
            "networks: up to 3.5.");
    visitor("largest_deviations", largest_deviations, "standard deviations", 1, 100,
            "The largest error of an evaluation in float32 is taken for so many at least.");
    visitor(
        "precision_ratio", precision_ratio, "factor", 1, 1e6,
        "The mean square error may be so many times what the rounding of weights to float16 or bfloat16 is expected "
        "to make of it.");
    visitor("precision_rows", precision_rows, "rows", 1, 1e7,
            "Rows that the effect of the weights' rounding is taken on. Not measured.");
    visitor("precision_draws", precision_draws, "draws", 1, 1e4,
            "Random roundings of all weights that its mean square is taken of. Not measured.");
    visitor(
        "few_predictions", few_predictions, "predictions", 0, 1e9,
        "Up to so many, chance decides how far float32 misses them: solve and verify evaluate them alike, number by "
        "number. Of a single row their own numbers differed by a factor of 1.6.");
    visitor("deviations", deviations, "standard errors", 0, 100,
            "The target leaves room for so many standard errors of a rounding's mean square: that of the true order is "
            "hardly ever above it. When raised, orders with a small error pass on small samples.");
    visitor("finest", finest, "of the variance", 0, 1,
            "Rounding with a smaller mean square is that of float32 itself.");
    visitor("coarsest", coarsest, "of the variance", 0, 100,
            "Rounding with a larger mean square leaves nothing to tell orders by, and is taken for none. At 0.01, true "
            "orders of predictions without decimals ended as not solved.");
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
  double trust_level = 1e-3;
  std::int64_t learning_rounds = 8;
  std::int64_t direction_rounds = 12;
  std::int64_t unrelated_pairs = 250;
  double norm_rounding = 1e-6;
  std::int64_t unrelated_tables = 16;
  double likely_significance = 4;
  double alike = 0.1;
  std::size_t alike_first = 64;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "trust_level", trust_level, "probability", 1e-12, 0.5,
        "How often one network of unrelated pieces may show a trusted pair. Raised, more pairs count as certain, and "
        "the search does not exchange them.");
    visitor("learning_rounds", learning_rounds, "rounds", 1, 1000,
            "Most rounds in which the learned score changes its pairs. They are stable within a handful of rounds, or "
            "go in a "
            "circle where there is nothing to learn.");
    visitor("direction_rounds", direction_rounds, "rounds", 1, 1000,
            "Most rounds in which pairs of square pieces and their common frame are found in turn. They are stable "
            "within a few "
            "rounds.");
    visitor("unrelated_pairs", unrelated_pairs, "pairs", 1, 1e6,
            "Number of pairs of unrelated pieces that a direction must have more evidence than. Raised, fewer "
            "directions are sure, and finding them takes longer in proportion.");
    visitor("norm_rounding", norm_rounding, "share of the norm", 1e-9, 1e-3,
            "Squared norms of products below this share of their factors' norms are rounding of float32 Gram matrices, "
            "and count as the share itself.");
    visitor("unrelated_tables", unrelated_tables, "tables", 2, 1000,
            "Normal random tables whose best assignments tell what unrelated pieces score; time grows in proportion.");
    visitor("likely_significance", likely_significance, "deviations", 0, 1000,
            "By so much the best assignment of untrusted pairs must score above theirs, or all pairs count as equally "
            "likely. Of trained networks whose pairs are not trusted, those that it helps have 8 and more.");
    visitor(
        "alike", alike, "share of the norm", 0, 1,
        "Pieces that differ by less are alike: scores go by chance on what tells them apart, so their pairs are not "
        "trusted, and exchanges of them are tried before an answer is called certain. In eight "
        "networks any two pieces differ by 1.1 and more.");
    visitor("alike_first", alike_first, "numbers", 1, 1e6,
            "So many numbers are compared before all of them, with twice the room: only saves time.");
  }
};

/// Which part belongs to which block (pairing/grammar.hpp).
struct GrammarParameters {
  double sure = 4;
  double ahead = 2;
  double clear = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "sure", sure, "standard errors", 0, 100,
        "A part is certain that is correlated with its piece by so much (Fisher's atanh). Raised, the data are asked "
        "of more parts.");
    visitor(
        "ahead", ahead, "standard errors", 0, 100,
        "And by so much more than with any other piece. The two are those of unrelated pieces, of which the best of "
        "a hundred has 2.5.");
    visitor(
        "clear", clear, "standard errors of the mean", 0, 100,
        "How far the mean of an assignment must be above that of one of unrelated pieces for the weights to count at "
        "all. Not measured.");
  }
};

// --- seeding ---

struct SeriationParameters {
  std::size_t starts = 3;
  std::size_t lines = 2;
  double range = 0.15;
  std::int64_t rounds = 5;
  std::int64_t passes = 10;
  double significance = 3;
  double clearly_better = 0.5;
  double untrusted_pairs = 0.5;
  std::size_t neighbours = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "starts", starts, "eigenvectors", 1, 100,
        "Lines are begun by so many eigenvectors of the similarities' Laplacian. The first one led to the smoothest "
        "line on nine of eleven trained networks.");
    visitor("lines", lines, "orders", 1, 100, "Smoothest lines that become starts, each in both directions.");
    visitor("range", range, "share of the blocks", 1e-3, 10,
            "Distance over which blocks are expected to be alike. Shorter: neighbours count, and folds are not seen.");
    visitor(
        "rounds", rounds, "rounds", 1, 1000,
        "Times that features are weighed anew by the line that they led to. On a network of 128 blocks whose training "
        "was short, the rank correlation with depth rose from 0.86 to 0.97 in four.");
    visitor("passes", passes, "passes", 1, 1000, "Most passes of insertions over all blocks in one round.");
    visitor("significance", significance, "standard deviations", 0, 1000,
            "Lines by the readers' and by the writers' features must agree better than by chance by so much, or the "
            "search goes by the error alone; untrained networks are below 1.5, trained ones mostly above 3.3.");
    visitor("clearly_better", clearly_better, "share", 0, 1,
            "Or the error of the best line must be below this share of all other starts' errors.");
    visitor(
        "untrusted_pairs", untrusted_pairs, "share", 0, 1,
        "With more pairs than this that the weights do not single out, features of blocks are mostly those of wrong "
        "pairs: lines become starts only where both halves agree.");
    visitor(
        "neighbours", neighbours, "blocks", 0, 1000,
        "How far a block's place may be off is told from it and so many blocks to each side of it in the line. More: "
        "less chance in each, and places that are less sure than others are not seen.");
  }
};

// --- search: local ---

struct ScreenedBatchParameters {
  std::size_t screen_tiles = 4;
  std::size_t checked = 6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("screen_tiles", screen_tiles, "tiles", 1, 4096,
            "Sample of the first look at a batch. More tiles rank better and cost more for each order.");
    visitor("checked", checked, "orders", 1, 1024,
            "Best of the first look that are evaluated on the whole sample. More find a better one more often, at one "
            "evaluation each.");
  }
};

struct DescentParameters {
  std::size_t probes = 16;
  std::size_t probe_divisor = 2;
  std::size_t min_probe_tiles = 4;
  double worthwhile = 0.1;
  double take = 0.3;
  double grow = 0.6;
  double believe = 0.2;
  double apart = 0.33;
  std::int64_t distrust_steps = 4;
  std::size_t near = 3;
  std::int64_t careful_steps = 3;
  double solved = 0.001;
  double radius_growth = 2;
  double min_radius = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("probes", probes, "blocks", 1, 4096,
            "Blocks whose best insertion is evaluated exactly after a path failed. More see more of what the model "
            "gets wrong, at up to one evaluation each.");
    visitor("probe_divisor", probe_divisor, "", 1, 64,
            "Probes use one sample in so many: whether a move helps at all shows there already.");
    visitor("min_probe_tiles", min_probe_tiles, "tiles", 1, 4096,
            "Fewest tiles that probes use, where the sample has so many.");
    visitor("worthwhile", worthwhile, "share", 0, 1,
            "Of the best predicted gain: what a further move of the same round must bring. Lower: longer paths of "
            "smaller moves.");
    visitor("take", take, "ratio", 0, 1,
            "Actual by predicted gain from which a path is taken. Lower: more paths hold that gain little.");
    visitor(
        "grow", grow, "ratio", 0, 1,
        "Actual by predicted gain from which the radius may double (trust region: Conn, Gould, Toint 2000, ch. 6).");
    visitor("believe", believe, "ratio", 0, 1,
            "Actual by predicted change of a probe from which the model is believed about its block.");
    visitor(
        "apart", apart, "share", 0, 1,
        "Of probes that hold: where fewer have ranges that are apart, all are tried together. Higher: long moves that "
        "pass each other are made in one step; near the answer that undoes more than it gains.");
    visitor("distrust_steps", distrust_steps, "steps", 1, 1000,
            "Steps for which a block that the model was wrong about is left out of paths.");
    visitor("near", near, "places", 1, 64,
            "Careful steps take effects between blocks up to so near from differences, not Jacobians; costs two block "
            "evaluations a pair.");
    visitor("careful_steps", careful_steps, "steps", 1, 1000,
            "Successful careful steps after which the search trusts Jacobians again.");
    visitor("solved", solved, "share", 0, 1,
            "A path ends where the model predicts this share of the error: below it, the model says nothing.");
    visitor("radius_growth", radius_growth, "factor", 1, 16, "By how much the radius grows after a good path.");
    visitor("min_radius", min_radius, "places", 1, 64,
            "The radius after a failed path, at least: a swap of two neighbours needs 1.");
  }
};

struct RelocationParameters {
  std::size_t blocks_at_once = 8;
  std::int64_t targets = 12;
  std::int64_t nearby = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("blocks_at_once", blocks_at_once, "blocks", 1, 1024,
            "Blocks whose positions make one batch. More: steps that are longer and stop later.");
    visitor("targets", targets, "positions", 1, 4096,
            "Positions tried for each block, ends not counted; between them the other searches find the way.");
    visitor("nearby", nearby, "places", 0, 64, "Moves by so few places are left to the other searches.");
  }
};

struct PairExchangeParameters {
  std::size_t batch = 32;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("batch", batch, "exchanges", 1, 4096,
            "Exchanges that are looked at together, best predictions first. Larger batches waste more looks after the "
            "last that helps.");
  }
};

struct TabuParameters {
  std::size_t insertions = 8;
  std::size_t exchanges = 8;
  std::int64_t min_tenure = 3;
  std::size_t tenure_divisor = 4;
  std::int64_t idle_steps = 40;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("insertions", insertions, "moves", 1, 1024,
            "Insertions that a step evaluates exactly. More: better steps, fewer of them.");
    visitor("exchanges", exchanges, "moves", 0, 1024,
            "Random pair exchanges that a step evaluates exactly, where pairs are untrusted.");
    visitor("min_tenure", min_tenure, "steps", 0, 1000, "Steps for which a moved block stays where it is, at least.");
    visitor("tenure_divisor", tenure_divisor, "", 1, 1000,
            "The tenure is longer at random by up to the number of blocks divided by this.");
    visitor("idle_steps", idle_steps, "steps", 1, 100000, "Steps without a new best order after which the walk ends.");
  }
};

// --- search: rounds ---

struct PairRelaxationParameters {
  std::size_t max_blocks = 512;
  std::size_t rows_per_block = 40;
  std::int64_t doublings = 2;
  std::int64_t steps = 2;
  std::int64_t first_orders = 2;
  double latest = 0.5;
  std::int64_t unsettled_work_share = 8;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("max_blocks", max_blocks, "blocks", 2, 100000,
            "Most untrusted pairs that are looked for together: the shares are their square.");
    visitor("rows_per_block", rows_per_block, "rows", 1, 100000,
            "Rows for each untrusted pair in the first round. Fewer are overfitted: the shares then fit the errors of "
            "the order.");
    visitor("doublings", doublings, "", 0, 20, "Each further round has twice as many rows, so many times.");
    visitor("steps", steps, "steps", 1, 100, "Levenberg-Marquardt steps at each order.");
    visitor("first_orders", first_orders, "orders", 1, 100,
            "Orders in the first round, the present one included: shares are averaged over them.");
    visitor("latest", latest, "share", 0, 1, "Share that the latest order has in the average, at least.");
    visitor("unsettled_work_share", unsettled_work_share, "factor", 1, 1000,
            "As long as pairs come out that are not the present ones, rounds have so many times the work of the local "
            "searches.");
  }
};

struct MeanFieldParameters {
  std::size_t nodes = 16;
  std::size_t degrees = 4;
  std::size_t rows = 6144;
  double held_share = 1.0 / 6;
  std::size_t steps = 40;
  std::size_t patience = 4;
  double settled = 0.9;
  double prior_kept = 0.3;
  double spread_variance = 1;
  double least_variance = 0.25;
  std::int64_t trials = 6;
  double damping_rise = 4;
  double residual_left = 1e-5;
  std::int64_t most_products = 120;
  std::int64_t waiting = 3;
  std::int64_t work_share = 1000;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("nodes", nodes, "nodes", 2, 1000,
            "Of depth: time grows in proportion. With 8 and 2 degrees 32 trained blocks keep 17 right pairs, with 16 "
            "and 4 they come to 30 in as many steps.");
    visitor("degrees", degrees, "", 1, 100, "Polynomials that say how a block is spread over the depth.");
    visitor("rows", rows, "rows", 64, 1000000000.0,
            "Most rows, those that steps do not see included. Too few are overfitted: the shares are as many as the "
            "square of the open pairs.");
    visitor("held_share", held_share, "share", 1e-3, 0.9, "Of the rows, those that steps do not see. Not measured.");
    visitor("steps", steps, "steps", 1, 1000, "Most steps of a round.");
    visitor(
        "patience", patience, "steps", 1, 1000,
        "A round ends where so many have not lowered the error of the rows that steps do not see to `settled` times "
        "what it was.");
    visitor("settled", settled, "factor", 0, 1,
            "When raised, rounds go on for longer: 24 trained blocks are solved after 16 steps, 32 come from 0.160 to "
            "0.017 in 36 steps of which no four lower it by less than a tenth.");
    visitor("prior_kept", prior_kept, "share", 0, 1,
            "Of the prior's means after each step: 32 trained blocks have 26 right pairs after 14 steps with 1, and "
            "all after 13 with 0.7 and 0.3, at errors of 0.08 and 0.01.");
    visitor("spread_variance", spread_variance, "", 1e-6, 1000000.0, "Of the prior of the coefficients. Not measured.");
    visitor("least_variance", least_variance, "of the equal share", 1e-12, 1,
            "Of the prior of a share; when lowered, what looks impossible stays so. Not measured.");
    visitor("trials", trials, "steps", 1, 100,
            "Dampings tried until the density rises; when raised, hopeless steps cost more. Not measured.");
    visitor("damping_rise", damping_rise, "factor", 1, 1000,
            "Of the damping after a step that did not raise the density; it falls by as much after others. Not "
            "measured.");
    visitor("residual_left", residual_left, "of the residual's square", 0, 1,
            "Conjugate gradients stop there. Not measured.");
    visitor("most_products", most_products, "products", 1, 1000000.0,
            "Conjugate gradients stop after so many: each costs a pass over all slopes. Not measured.");
    visitor(
        "waiting", waiting, "steps", 0, 1000000.0,
        "In the search auto, local searches do the work of so many steps before. With 10, two networks of 32 blocks "
        "are solved in 35 and 18 s instead of 21 and 9; four others are solved before, with 3, too.");
    visitor("work_share", work_share, "factor", 1, 1000000.0,
            "It has so many times the work of the local searches: it comes before them, or as soon as it has waited.");
  }
};

struct EnsembleParameters {
  std::size_t first_blocks = 24;
  std::size_t orders_per_block = 20;
  std::size_t entries_per_block = 8;
  std::int64_t generations = 80;
  std::int64_t waiting = 1;
  std::size_t orders_per_near_block = 6;
  std::size_t entries_per_near_block = 2;
  double width = 0.4;
  double near_places = 2;
  double inflation = 1.2;
  double inflation_decay = 0.95;
  double least_narrowing = 0.7;
  double least_deviation = 0.3;
  double least_noise = 1e-5;
  double settled = 0.3;
  double surprise = 2;
  double most_untrusted = 0.25;
  std::int64_t work_share = 4;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "first_blocks", first_blocks, "blocks", 3, 100000,
        "So many at the end of the order are placed first, then half as many more, and again: few need little work, "
        "and the start of an order is right before its end is.");
    visitor("orders_per_block", orders_per_block, "orders", 2, 100000,
            "Drawn in each generation, for each block that is placed. There must be more of them than entries.");
    visitor("entries_per_block", entries_per_block, "entries", 1, 100000,
            "Rows times outputs that orders are compared on, for each block that is placed.");
    visitor("orders_per_near_block", orders_per_near_block, "orders", 2, 100000,
            "The same where blocks are placed near to where they stand.");
    visitor(
        "entries_per_near_block", entries_per_near_block, "entries", 1, 100000,
        "The same there. 8 orders and 3 entries for each of 128 blocks take twice the work for as much; with 4 and 1 "
        "the density narrows beside the answer.");
    visitor("generations", generations, "generations", 1, 100000,
            "Of a round, at most: 23 blocks took 13 from random orders, 43 took 50.");
    visitor("waiting", waiting, "generations", 1, 100000,
            "It waits until other searches have done as much work as so many take: most networks are solved by then.");
    visitor("width", width, "share", 1e-3, 10,
            "How far blocks may be from where they stand at first, standard deviation, as a share of those that are "
            "placed.");
    visitor(
        "near_places", near_places, "places", 0.1, 1000,
        "How far blocks may be from where they stand where they are placed near to it, standard deviation. A network "
        "of 128 blocks is solved from an order whose blocks are off by as much; with 7, next to nothing is learnt.");
    visitor("inflation", inflation, "factor", 1, 10,
            "In the first generation deviations are taken larger than they come out by so much. What the linear model "
            "says of far orders is not all true: so the mean moves on before the density narrows about it.");
    visitor("inflation_decay", inflation_decay, "factor", 0, 1,
            "What of this is above 1 falls by so much in each generation. 43 blocks are placed from random orders with "
            "0.95; with 0.9 from one in two, and with 1 no generation learns more than is lost.");
    visitor("least_narrowing", least_narrowing, "factor", 0, 1,
            "No deviation falls by more than this in one generation. At 0.5, generations err more than they say.");
    visitor("least_deviation", least_deviation, "places", 0, 100, "Blocks always move by as much.");
    visitor(
        "least_noise", least_noise, "share", 0, 1,
        "Of the mean variance of what the linear model misses, what it misses in any direction at least. Most of the "
        "information is in directions where it misses next to nothing: with 0.05, nothing is learnt.");
    visitor("settled", settled, "places", 0, 100,
            "With smaller deviations it is over: local searches finish the likeliest order.");
    visitor(
        "surprise", surprise, "factor", 1, 1e6,
        "Where the noise has to be larger by so much for the data to be likely, it is over: the start is wrong, or "
        "the belief has missed the answer. On the way to it it was 1 to 1.1, at first up to 1.8; behind wrong starts "
        "3 to 80.");
    visitor("most_untrusted", most_untrusted, "share", 0, 1,
            "Only networks where the weights leave no larger share of the pairs open: pairs must be right.");
    visitor("work_share", work_share, "factor", 1, 1000,
            "The rounds have so many times the work of the local searches, once these have done as much.");
  }
};

struct GaussNewtonParameters {
  std::size_t rows_per_block = 40;
  double widest = 1.0 / 6;
  double narrowest = 1.5;
  std::int64_t sweeps = 10;
  double divergence = 4;
  double damping = 0.1;
  double max_damping = 10;
  double damping_factor = 3;
  double frozen = 0.5;
  std::size_t narrowing_blocks = 64;
  std::size_t narrowing_rows_per_block = 10;
  double narrowing_width = 2.5;
  double narrowing_share = 0.5;
  std::int64_t narrowing_steps = 120;
  std::int64_t narrowing_idle_steps = 12;
  std::int64_t narrowing_work_share = 2;
  std::size_t many_blocks = 8;
  double open_width = 1.7;
  double open_deviation = 3;
  std::int64_t open_idle_steps = 4;
  double open_decay = 0.8;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows_per_block", rows_per_block, "rows", 1, 100000,
            "Rows for each block whose position is looked for. Fewer are overfitted.");
    visitor("widest", widest, "share", 0.001, 1,
            "The widest bandwidth, as a share of the blocks; each further one is half of it. Wide ones see far.");
    visitor("narrowest", narrowest, "places", 0.1, 100,
            "No bandwidth is narrower than this: below it the error is no longer smooth in the positions.");
    visitor("sweeps", sweeps, "sweeps", 1, 1000, "Sweeps through the bandwidths in one round.");
    visitor("divergence", divergence, "ratio", 1, 1000000,
            "A round has diverged where the lowest error of a sweep is so many times the one that it began with.");
    visitor("damping", damping, "", 1e-09, 1000,
            "Of the normal equations, at first and at least. More: shorter, safer steps.");
    visitor("max_damping", max_damping, "", 1e-09, 1000000,
            "Damping rises to this after rounds that diverge; more would leave the blocks where they are.");
    visitor("damping_factor", damping_factor, "factor", 1, 1000,
            "By which the damping rises after a round that diverged and falls after one that did not.");
    visitor("frozen", frozen, "share", 0, 1,
            "Relocations begin once a round begins with more than this share of the error of the last one.");
    visitor("narrowing_blocks", narrowing_blocks, "blocks", 2, 1000000,
            "From so many blocks on, and where the weights say nothing of the order, bandwidths are learnt from the "
            "steps, and such a round comes before everything else.");
    visitor("narrowing_rows_per_block", narrowing_rows_per_block, "rows", 1, 100000,
            "Rows for each block in such a round. With 20, 512 blocks of width 32 came no further.");
    visitor("narrowing_width", narrowing_width, "factor", 0.1, 100,
            "The next bandwidth, in shifts (root mean square) of the last step. Three planted networks of 128 blocks "
            "with large steps were solved with 2.5 and not with 2; with 3, widths fall more slowly.");
    visitor("narrowing_share", narrowing_share, "share", 0, 1,
            "A step is not taken where the next bandwidth is below this share of its own: it would upset what is near. "
            "Not measured.");
    visitor("narrowing_steps", narrowing_steps, "steps", 1, 100000,
            "Most steps of such a round. Solved networks took 14 to 60.");
    visitor("narrowing_idle_steps", narrowing_idle_steps, "steps", 1, 100000,
            "It ends after so many without a lower error. Not measured.");
    visitor("narrowing_work_share", narrowing_work_share, "factor", 2, 1000,
            "Until the first such round it may have so many times the work of the local searches. Not measured.");
    visitor("many_blocks", many_blocks, "blocks", 1, 100000,
            "Of more blocks than this for each feature of the state, some directions are hard to tell apart: positions "
            "have a prior then, in place of the damping. 128 blocks of width 64 with large steps take longer so.");
    visitor("open_width", open_width, "factor", 0.1, 100,
            "The next bandwidth there, in deviations that the posterior leaves.");
    visitor("open_deviation", open_deviation, "factor", 1, 1000,
            "The next prior is at most so many times as wide as what the posterior leaves: that is too small where the "
            "model errs. With 1.2 to 1.6, blocks are said to be near too soon and stay where they are.");
    visitor("open_idle_steps", open_idle_steps, "steps", 1, 1000,
            "After so many steps without a lower error the prior is narrowed.");
    visitor("open_decay", open_decay, "factor", 0, 1, "By so much it is narrowed then.");
  }
};

struct HomingParameters {
  std::size_t rows = 128;
  std::size_t most_blocks = 400;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows", rows, "rows", 1, 1000000,
            "Inputs on which blocks' homes are looked for. On d6, 256 did hardly better.");
    visitor("most_blocks", most_blocks, "blocks", 0, 100000,
            "Of larger networks no homes are looked for: work and memory grow with the square of the blocks.");
  }
};

/// What is known of blocks' depths besides the error (search/rounds/depth_prior.hpp).
struct DepthPriorParameters {
  double first_deviation = 0.04;
  double least_deviation = 0.5;
  double least_home_deviation = 0.5;
  double tail = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "first_deviation", first_deviation, "share", 1e-4, 10,
        "How far the weights' line may be off at first at most, as a share of the blocks; it is learnt from there.");
    visitor("least_deviation", least_deviation, "places", 0.01, 1000, "The line is never trusted more than this.");
    visitor("least_home_deviation", least_home_deviation, "places", 0.01, 1000,
            "Where homes say more, blocks are never trusted to be nearer than this.");
    visitor(
        "tail", tail, "degrees of freedom", 0.1, 1000,
        "Of Student's t, by which the line is off beside homes. With a normal density, blocks whose homes are right "
        "stay with a line that is 20 places off, and d6 ends at 87 inversions; with 1, 2 and 4 it is solved.");
  }
};

/// What several signs of where blocks are at home come to together (search/rounds/home_odds.hpp).
struct HomeOddsParameters {
  double ridge = 1;
  std::size_t reach = 12;
  double spread = 1.5;
  double least_spread = 0.5;
  std::int64_t turns = 10;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("ridge", ridge, "", 1e-6, 1e6,
            "Precision of the normal prior of the signs' weights, about zero: few blocks teach little.");
    visitor("reach", reach, "places", 1, 100000, "Weights are learnt from the places so near a block's present one.");
    visitor("spread", spread, "places", 0.01, 1000,
            "How far blocks may be from their homes at first, a normal deviation; it is learnt from there.");
    visitor("least_spread", least_spread, "places", 0.01, 1000, "It is never less than this.");
    visitor("turns", turns, "turns", 1, 1000,
            "Of expectation and maximisation. On d6, more changed the likelihood of the true places by less than 1 %.");
  }
};

struct DepthStepsParameters {
  std::size_t rows_per_block = 20;
  std::int64_t steps = 30;
  std::int64_t idle_steps = 3;
  std::int64_t hot_steps = 3;
  double widest = 1.0 / 16;
  double narrowest = 1.5;
  double heat = 0.7;
  double reheat = 300;
  double resumed = 100;
  double damping = 0.01;
  std::int64_t refinements = 6;
  double sent_odds = 6;
  double sent_distance = 6;
  double exact_places = 1;
  double most_untrusted = 0.1;
  double easy_places = 6;
  std::int64_t work_share = 8;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows_per_block", rows_per_block, "rows", 1, 100000,
            "Rows for each block whose position is looked for. Fewer are overfitted.");
    visitor("steps", steps, "steps", 1, 1000, "Most steps of the first round.");
    visitor("idle_steps", idle_steps, "steps", 1, 1000, "It ends after so many that leave the order as it is.");
    visitor(
        "hot_steps", hot_steps, "steps", 1, 1000,
        "Of each further round, before near pairs are decided. With 32 of them at a falling temperature, d6 came to "
        "84 inversions, and decisions did not get away from there; with three and then decisions, to 48.");
    visitor("widest", widest, "share", 0.001, 1,
            "The bandwidth of a round's first step, as a share of the blocks; it falls to the narrowest.");
    visitor("narrowest", narrowest, "places", 0.1, 100,
            "No bandwidth is narrower than this: below it the error is no longer smooth in the positions.");
    visitor(
        "heat", heat, "share", 1e-6, 1e6,
        "The temperature of the second round, in errors of the order that the first one began with: it begins there "
        "again. From where the first one came to, d6 had 58 inversions after 100 s, from there 25.");
    visitor("reheat", reheat, "factor", 1e-6, 1e6,
            "The same of further rounds: they begin where blocks have made up for each other.");
    visitor("resumed", resumed, "ratio", 0, 1e6,
            "A round begins where the last one ended, unless an order is known of less error by so much.");
    visitor("damping", damping, "", 1e-09, 1000, "Of the normal equations, besides the prior.");
    visitor("refinements", refinements, "turns", 0, 1000,
            "How often the blocks' densities are made normal anew in view of the data, at each step.");
    visitor(
        "sent_odds", sent_odds, "nats", 0, 1e6,
        "A block is sent home at once whose home is likelier than its place by so much. On d8 one stood 94 places off: "
        "190 inversions with it, 82 without.");
    visitor("sent_distance", sent_distance, "places", 0, 1e6,
            "It is sent from farther than this; steps mend the rest.");
    visitor("exact_places", exact_places, "places", 0, 1000,
            "Where the weights' line may be off by less, local searches come first: they finish it sooner.");
    visitor("most_untrusted", most_untrusted, "share", 0, 1,
            "The same where the weights leave a larger share of the pairs open: with wrong pairs, errors at the line's "
            "order say little.");
    visitor(
        "easy_places", easy_places, "places", 0, 1000,
        "Where it may be off by less, the first round goes by the line and the error alone: homes cost more than they "
        "help.");
    visitor("work_share", work_share, "factor", 1, 1000,
            "The rounds have so many times the work of the local searches.");
  }
};

struct PairDecodingParameters {
  std::size_t rows_per_block = 20;
  std::size_t reach = 6;
  std::size_t most_pairs = 1536;
  double spread = 20;
  std::size_t width = 128;
  std::size_t draws = 8;
  std::size_t results = 1;
  std::int64_t steps = 24;
  std::int64_t idle_steps = 4;
  double least_miss = 0.1;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows_per_block", rows_per_block, "rows", 1, 100000,
            "Rows for each block of the order. Fewer are overfitted.");
    visitor("reach", reach, "positions", 1, 64,
            "Pairs up to so far apart are decided. Time grows with its third power, and with more pairs more is left "
            "open.");
    visitor("most_pairs", most_pairs, "pairs", 1, 100000,
            "Of deep networks only nearer pairs are decided, so that there are no more than this: memory grows with "
            "their square, time with their third power.");
    visitor("spread", spread, "places", 0.01, 1000,
            "How far each block is expected to be off where nothing else is known of it: pairs farther apart are less "
            "likely to be on the wrong side.");
    visitor("width", width, "paths", 1, 1000000, "Of the tree of decisions, kept at each one.");
    visitor("draws", draws, "samples", 1, 10000, "Decisions that are tried in a step, all but the first with noise.");
    visitor("results", results, "paths", 1, 10000, "Of each, that are evaluated.");
    visitor("steps", steps, "steps", 1, 10000, "Most steps of one round.");
    visitor("idle_steps", idle_steps, "steps", 1, 10000, "A round ends after so many without a lower error.");
    visitor("least_miss", least_miss, "share", 0, 1,
            "What the linear model misses counts as no less than this share of the error.");
  }
};

struct ProjectedRelocationParameters {
  std::size_t tried_divisor = 4;
  std::size_t max_tried = 4096;
  std::size_t elite_every = 2;
  std::size_t tried_rows_per_block = 8;
  std::size_t judged_rows_per_block = 20;
  std::int64_t nearest = 3;
  std::size_t max_moved = 4;
  double accept_worse = 0.1;
  std::int64_t sweep_every = 6;
  std::int64_t first_length = 12;
  std::int64_t max_length = 96;
  double flip_low = 0.5;
  double flip_middle = 0.7;
  double flip_high = 0.85;
  std::int64_t work_share = 4;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("tried_divisor", tried_divisor, "", 1, 1000,
            "One block in so many is tried at all positions before a relocation.");
    visitor("max_tried", max_tried, "positions", 1, 10000000,
            "Most positions of all these blocks: memory and time grow with them.");
    visitor("elite_every", elite_every, "", 1, 1000,
            "One draw in so many prefers blocks that another island has elsewhere, where there are other orders.");
    visitor("tried_rows_per_block", tried_rows_per_block, "rows", 1, 100000,
            "Rows for each block on which positions are tried. On d6, 10 did as well as 40.");
    visitor("judged_rows_per_block", judged_rows_per_block, "rows", 1, 100000,
            "Rows for each block on which the order that comes of it is judged.");
    visitor("nearest", nearest, "places", 1, 1000,
            "Nearer positions make no difference that swaps of neighbours could not make up for.");
    visitor("max_moved", max_moved, "blocks", 1, 1000,
            "The best relocation is made, and up to so many in all that promise to lower the adjusted error.");
    visitor("accept_worse", accept_worse, "share", 0, 10,
            "An order is gone on from if its adjusted error is at most so much above the lowest so far; falls to none "
            "over a round.");
    visitor("sweep_every", sweep_every, "cycles", 2, 1000, "One cycle in so many is a sweep of steps of all blocks.");
    visitor("first_length", first_length, "cycles", 2, 100000,
            "Cycles of the first round; each further one has twice as many. A multiple of sweep_every.");
    visitor("max_length", max_length, "cycles", 2, 1000000,
            "Rounds grow to so many; the other searches wait for a round to end.");
    visitor("flip_low", flip_low, "", 0, 10,
            "Where relocations are in vain, near pairs change sides whose coefficients are above this, or the next "
            "two, whichever leaves least.");
    visitor("flip_middle", flip_middle, "", 0, 10,
            "See flip_low. A pair that is just on the wrong side has a coefficient of 1.");
    visitor("flip_high", flip_high, "", 0, 10,
            "See flip_low. Of flips of d6 all along, it got stuck more: hence only now and then.");
    visitor("work_share", work_share, "factor", 1, 1000,
            "Rounds with relocations have so many times the work of the local searches.");
  }
};

struct AnnealingParameters {
  std::int64_t first_length = 100;
  std::int64_t max_length = 6400;
  double initial_temperature = 4;
  double min_temperature = 0.25;
  double cooling = 300;
  double divergence = 4;
  std::int64_t moves_per_block = 5;
  std::int64_t idle_steps = 8;
  double scale_share = 0.15;
  double good_miss = 0.3;
  double bad_miss = 1;
  double bound_growth = 1.25;
  double bound_decay = 0.8;
  double bound_cut = 0.5;
  double min_bound = 0.01;
  double max_bound = 100;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("first_length", first_length, "steps", 1, 1000000,
            "Steps of the first round; each further one has twice as many.");
    visitor("max_length", max_length, "steps", 1, 100000000,
            "Rounds grow to so many; the other searches wait for a round to end.");
    visitor("initial_temperature", initial_temperature, "factor", 1e-06, 1000000,
            "In equilibrium each block holds about one temperature of error: a round begins where that would be so "
            "many times the present error.");
    visitor("min_temperature", min_temperature, "factor", 1e-06, 1000000,
            "And no less, after rounds in which the order diverged; each halves it.");
    visitor("cooling", cooling, "factor", 1, 1000000000000.0, "By which the temperature falls over a round.");
    visitor("divergence", divergence, "ratio", 1, 1000000, "Rise of the error at which a round has diverged and ends.");
    visitor("moves_per_block", moves_per_block, "moves", 1, 100000,
            "Of one walk on the model. More: walks stray farther from where the model holds.");
    visitor("idle_steps", idle_steps, "steps", 1, 100000, "Steps without a move after which a round is over.");
    visitor("scale_share", scale_share, "share", 0, 1,
            "What the model may miss is relative to the error in equilibrium, but to no less than this share of the "
            "present one.");
    visitor("good_miss", good_miss, "ratio", 0, 1000, "Up to this miss the bound of the next walk grows.");
    visitor("bad_miss", bad_miss, "ratio", 0, 1000, "Above this one it halves.");
    visitor("bound_growth", bound_growth, "factor", 1, 100, "By which the bound of walks grows after a small miss.");
    visitor("bound_decay", bound_decay, "factor", 0, 1, "And shrinks after a middling one.");
    visitor("bound_cut", bound_cut, "factor", 0, 1, "And after a large one.");
    visitor("min_bound", min_bound, "ratio", 0, 1000,
            "Bound of what a walk may move in the model, relative to the present error, at least.");
    visitor("max_bound", max_bound, "ratio", 0, 1000000000000.0,
            "The bound grows to this after good predictions; where it is larger, one walk may forget the order.");
  }
};

// --- search: iterated ---

struct NeighbourhoodParameters {
  std::int64_t plateau_every = 32;
  std::int64_t pace_steps = 8;
  double pace = 0.9;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("plateau_every", plateau_every, "perturbations", 1, 100000,
            "The search for plateaus has its turn once in so many perturbations without a new best order: it is the "
            "dearest of the chain.");
    visitor("pace_steps", pace_steps, "steps", 1, 1000,
            "Steps over which the pace of the first local search is taken.");
    visitor("pace", pace, "share", 0, 1,
            "It stagnates where so many steps lower the error to no less than this share. Higher: rounds of other "
            "searches begin later.");
  }
};

struct RoundSchedulerParameters {
  std::int64_t idle_work_factor = 4;
  double abandon_ratio = 4;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("idle_work_factor", idle_work_factor, "factor", 1, 1000,
            "A search that did not find the last new best order has one part in so many of the local searches work.");
    visitor("abandon_ratio", abandon_ratio, "ratio", 1, 1000,
            "The next round begins at the incumbent where its error is so many times lower than that of the search own "
            "last result.");
  }
};

struct AcceptanceParameters {
  double worse = 0.05;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("worse", worse, "share", 0, 10,
            "Relative rise of the error that is accepted after a perturbation. 0: only better orders; large: a random "
            "walk.");
  }
};

struct PerturbationParameters {
  std::size_t kick_moves = 4;
  std::size_t kick_reach = 8;
  std::size_t exchange_every = 2;
  std::size_t cross_every = 4;
  std::size_t children = 8;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("kick_moves", kick_moves, "moves", 1, 1024,
            "A kick makes up to so many moves. More: farther from what was found, and longer descents back.");
    visitor("kick_reach", kick_reach, "places", 1, 4096, "Each by up to so many places.");
    visitor("exchange_every", exchange_every, "", 1, 1000,
            "One move of a kick in so many trades compress pieces, where pairs are untrusted.");
    visitor("cross_every", cross_every, "", 1, 1000,
            "One kick in so many is a crossover, where there are other orders. Every second one needed as many "
            "evaluations on d1.");
    visitor("children", children, "orders", 1, 1024, "Children of a crossover that are evaluated; the best goes on.");
  }
};

struct SampleSizeParameters {
  double overfitted = 1.3;
  std::size_t growth = 2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("overfitted", overfitted, "ratio", 1, 100,
            "The error on the larger sample, relative to the present one, from which the sample counts as overfitted.");
    visitor("growth", growth, "factor", 2, 64, "A sample grows by so many times its size.");
  }
};

struct IteratedParameters {
  std::int64_t min_patience = 200;
  std::int64_t patience_per_block = 5;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("min_patience", min_patience, "perturbations", 1, 10000000,
            "Perturbations and rounds without a new best order after which the search gives up, at least.");
    visitor("patience_per_block", patience_per_block, "perturbations", 0, 10000,
            "The same for each block of the network.");
  }
};

// --- search: islands ---

struct IslandParameters {
  std::int64_t noise_patience = 8;
  std::int64_t round_evaluations = 25;
  std::int64_t rounds_per_exchange = 2;
  std::size_t sample_growth = 4;
  std::int64_t margin_rows = 128;
  double margin_room = 10;
  std::size_t margin_pairs = 400;
  double margin_deviations = 5;
  double margin_odds = 20;
  double tie_slack = 100;
  double tie_idle = 0.01;
  std::int64_t tie_trials = 128;
  double floor_share = 0.25;
  std::size_t blocks_of_one = 64;
  std::size_t blocks_of_two = 128;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "noise_patience", noise_patience, "perturbations", 0, 1e6,
        "Perturbations and rounds that an order withstands before its error is tested for noise. Fewer: an order that "
        "is merely near the answer may end the search.");
    visitor(
        "round_evaluations", round_evaluations, "evaluations", 1, 1e9,
        "Work of an island between two rounds, in evaluations of the whole network on its first sample. More: fewer "
        "collectives of all islands, and later stops.");
    visitor("rounds_per_exchange", rounds_per_exchange, "rounds", 1, 1e6, "Rounds between two exchanges of orders.");
    visitor("sample_growth", sample_growth, "factor", 2, 64,
            "By how much the sample grows where it cannot tell an order from the answer.");
    visitor("margin_rows", margin_rows, "rows", 1, 1e7,
            "Rows that the swap margins of a solved order are taken on: there every effect of a swap shows.");
    visitor("margin_room", margin_room, "factor", 1, 1e6,
            "Neighbours count as told apart where their swap lifts the error so far above what rounding explains.");
    visitor(
        "margin_pairs", margin_pairs, "pairs", 1, 10000,
        "Where predictions are rounded, swaps of so many near pairs may make up for that of two neighbours: time and "
        "memory grow with their square.");
    visitor("margin_deviations", margin_deviations, "standard errors", 0, 100,
            "What is then left of the neighbours' effect must be so many times what rounding makes of it by chance.");
    visitor(
        "margin_odds", margin_odds, "variances of the noise", 0, 1e6,
        "Where noise is left, the swap must raise the sum of squared errors by so much, whatever other swaps make up "
        "for: twice the logarithm of the odds.");
    visitor("tie_slack", tie_slack, "factor", 1, 1e6,
            "What else explains the predictions as well is tried where the first-order model predicts up to so many "
            "times the room that there is: of small changes it may miss that much.");
    visitor("tie_idle", tie_idle, "of the median norm", 0, 1,
            "Blocks whose compress pieces are that small do next to nothing, and exchanges of them are tried.");
    visitor("tie_trials", tie_trials, "orders", 0, 1e6,
            "Orders that are tried for ties at most; a quarter of the search's evaluations where these are fewer, and "
            "four for each block at least. Raised, fewer ties are missed, and a solve ends later.");
    visitor("floor_share", floor_share, "of the error", 0, 1,
            "Where inputs and near swaps explain less of the error on all rows, what is left is mostly noise, and the "
            "sample grows.");
    // Up to 64 blocks the best start is near the answer in most networks, and several islands only do the same work
    // several times: on the real puzzle four took 17 times the evaluations of one. From 96 nearly commuting blocks on,
    // a search needs luck, and islands that share their orders are more likely to have it.
    visitor("blocks_of_one", blocks_of_one, "blocks", 0, 1e6, "Up to so many, --islands auto is one island.");
    visitor("blocks_of_two", blocks_of_two, "blocks", 0, 1e6, "Up to so many, it is two; beyond, four.");
  }
};

/// An answer's last improvements, in float64 (search/islands/polish.hpp).
struct PolishParameters {
  double room = 16;
  std::int64_t trials = 128;
  std::int64_t evaluations = 64;
  std::int64_t least_evaluations = 16;
  double least_products = 2e9;
  double deviations = 3;
  double least = 1e-6;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "room", room, "factor", 0, 1e6,
        "Changes of an order are tried that the first-order model predicts to raise the error by less than so many "
        "times the error itself. A change that lowers it moves predictions by at most twice the error, so that it is "
        "predicted to raise it fourfold at most; float32 adds as much again and more.");
    visitor("trials", trials, "orders", 0, 1e6,
            "So many changes are tried from each order, those with the lowest predictions, on a few rows at first.");
    visitor(
        "evaluations", evaluations, "evaluations", 0, 1e6,
        "What all of it may take at most, in evaluations of the whole network in float64 on all rows; a quarter of "
        "the search's evaluations where these are fewer. Raised, answers with hundreds of undecided neighbours come "
        "nearer to the least error, and take longer in proportion.");
    visitor("least_evaluations", least_evaluations, "evaluations", 0, 1e6,
            "What it may take at least, however short the search was.");
    visitor(
        "least_products", least_products, "multiplications", 0, 1e15,
        "The same for small networks: a second's work or so. Where blocks do next to nothing, hundreds of moves must "
        "be tried on all rows.");
    visitor("deviations", deviations, "standard errors", 0, 100,
            "A change that raises the error by more on some rows is not tried on more of them.");
    visitor("least", least, "of the error", 0, 1,
            "An order that lowers the error by less is not better: float64 rounds, too.");
  }
};

struct MigrationParameters {
  std::int64_t patience = 3;
  double better = 0.02;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor(
        "patience", patience, "perturbations", 0, 1e6,
        "An island takes an order over after so many perturbations in vain. After one it took more evaluations on d1.");
    visitor("better", better, "share", 0, 1, "If the order is better by this share of the island's own error.");
  }
};

struct ElitePoolParameters {
  std::size_t elites = 8;
  double distance = 0.01;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("elites", elites, "orders", 1, 1e4, "Orders that the pool of all islands keeps.");
    visitor("distance", distance, "share", 0, 1,
            "Of all pairs of blocks: orders with fewer inversions between them are alike, and the better one is kept.");
  }
};

// --- solve ---

struct RoleChoiceParameters {
  std::int64_t orders = 24;
  std::int64_t rows = 2048;
  std::int64_t steps = 4;
  double damping = 0.1;
  double latest = 0.5;
  std::int64_t trials = 8;
  std::int64_t evaluations = 300;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("orders", orders, "orders", 1, 1000, "Random orders that the shares of open roles are averaged over.");
    visitor("rows", rows, "rows", 1, 1e7, "Rows that shares are found on.");
    visitor("steps", steps, "steps", 1, 100, "Levenberg-Marquardt steps at each order.");
    visitor("damping", damping, "of the mean diagonal entry", 0, 1e6,
            "Of the first step. Unknowns are fewer than where pairs are open, and less of it finds more of them.");
    visitor("latest", latest, "share", 0, 1, "Share that the order of the latest search has in the average.");
    visitor("trials", trials, "searches", 0, 1000, "Searches whose orders decide roles, at most.");
    visitor("evaluations", evaluations, "evaluations", 1, 1e9,
            "Of the first of these searches; doubled where roles stay the same.");
  }
};

/// Parts that neither names nor weights bring to their blocks (solve/part_choice.hpp).
struct PartChoiceParameters {
  std::int64_t rows = 1024;
  std::int64_t steps = 6;
  double damping = 0.01;
  std::int64_t trials = 6;
  std::int64_t evaluations = 200;
  double share_of_time = 0.5;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows", rows, "rows", 1, 1e7, "Rows that shares of parts are found on; time grows in proportion.");
    visitor("steps", steps, "steps", 1, 100, "Levenberg-Marquardt steps at each order.");
    visitor("damping", damping, "of the mean diagonal entry", 0, 1e6, "Of the first step, as where pairs are open.");
    visitor("trials", trials, "searches", 1, 1000, "Searches whose orders decide where parts belong, at most.");
    visitor("evaluations", evaluations, "evaluations", 1, 1e9,
            "Of the first of these searches; doubled where parts stay where they are.");
    visitor("share_of_time", share_of_time, "share", 0, 1, "Of a time limit, what all of this may take.");
  }
};

/// Which activation a network has (solve/activation_choice.hpp).
struct ActivationChoiceParameters {
  std::int64_t rows = 1024;
  double near = 4;
  double near_after_search = 30;
  std::int64_t evaluations = 300;
  std::int64_t more_evaluations = 1200;
  double clearly = 0.8;
  std::int64_t turns = 4;
  double seconds = 60;
  double share_of_time = 0.2;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("rows", rows, "rows", 1, 1e7, "Rows of a trial: the first ones are enough to tell activations apart.");
    visitor("near", near, "factor", 1, 1e6,
            "A start whose error is so many times the best one's is that of a wrong activation.");
    visitor(
        "near_after_search", near_after_search, "factor", 1, 1e6,
        "The same after searches, where errors scatter more: the right one may be behind until it suddenly solves.");
    visitor("evaluations", evaluations, "evaluations", 1, 1e9, "Of the first search with each activation.");
    visitor("more_evaluations", more_evaluations, "evaluations", 1, 1e9,
            "Of the second, where the first tell nothing.");
    visitor("clearly", clearly, "share", 0, 1,
            "A slope of leaky_relu must leave less than this share of the best activation's error.");
    visitor("turns", turns, "searches", 0, 1000, "Slope and order are found by turns, so many times at most.");
    visitor("seconds", seconds, "s", 0, 1e6, "That all trials may take where nobody set a limit.");
    visitor("share_of_time", share_of_time, "share", 0, 1, "Of a time limit, what all trials may take.");
  }
};

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

// --- diagnosis ---

/// Whether a block is missing (cli/missing_finding.hpp): from which share of the error on that an unknown block
/// explains it is named. Orders without a block: 0.8 to 0.95; wrong orders that a search has just begun with: 0.8 and
/// more; those that it ends with: 0.5.
struct MissingBlockParameters {
  double sure = 3;
  double share_if_left_out = 0.2;
  double share_at_optimum = 0.6;
  double share_at_end = 0.75;
  double share_in_doubt = 0.9;
  std::int64_t evaluations_per_block = 200;
  double alike = 1.2;
  std::size_t points = 400;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("sure", sure, "standard errors", 0, 100,
            "A swap of neighbours changes the error for certain where it does so by more. An order is at an optimum "
            "where each swap raises it for certain, and not yet at its end where some lower it for certain.");
    visitor("share_if_left_out", share_if_left_out, "share", 0, 1,
            "Where pieces were left out at import, and one may have lost its partner.");
    visitor("share_at_optimum", share_at_optimum, "share", 0, 1, "Where each swap of neighbours raises the error.");
    visitor("share_at_end", share_at_end, "share", 0, 1,
            "Where the search has ended, and nothing else that was tried explains the error. Lowered, wrong orders are "
            "taken for ones with a block missing.");
    visitor("share_in_doubt", share_in_doubt, "share", 0, 1,
            "Where pairs are open, or some swaps of neighbours still lower the error: whole planted networks at such "
            "ends have up to 0.85; of 16 networks of ten blocks without one of them, 13 have more than 0.9.");
    visitor("evaluations_per_block", evaluations_per_block, "evaluations", 0, 1e9,
            "A search that a limit has ended counts as ended after so many.");
    visitor("alike", alike, "factor", 1, 1e6,
            "Places that leave up to so many times what the best one leaves are likely, too.");
    visitor("points", points, "predictions", 1, 1e5, "That the shares are found on: time grows with their cube.");
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
  GrammarParameters grammar;
  SeriationParameters seriation;
  ScreenedBatchParameters screened_batch;
  DescentParameters descent;
  RelocationParameters relocation;
  PairExchangeParameters pair_exchange;
  TabuParameters tabu;
  PairRelaxationParameters pair_relaxation;
  MeanFieldParameters mean_field;
  HomingParameters homing;
  HomeOddsParameters home_odds;
  DepthPriorParameters depth_prior;
  DepthStepsParameters depth_steps;
  PairDecodingParameters pair_decoding;
  EnsembleParameters ensemble;
  GaussNewtonParameters gauss_newton;
  ProjectedRelocationParameters projected_relocation;
  AnnealingParameters annealing;
  NeighbourhoodParameters neighbourhoods;
  RoundSchedulerParameters round_scheduler;
  AcceptanceParameters acceptance;
  PerturbationParameters perturbation;
  SampleSizeParameters sample_size;
  IteratedParameters iterated;
  IslandParameters island;
  PolishParameters polish;
  MigrationParameters migration;
  ElitePoolParameters elite_pool;
  RoleChoiceParameters role_choice;
  PartChoiceParameters part_choice;
  ActivationChoiceParameters activation_choice;
  PreparationParameters preparation;
  MissingBlockParameters missing_block;

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
    group("grammar", grammar);
    group("seriation", seriation);
    group("screened_batch", screened_batch);
    group("descent", descent);
    group("relocation", relocation);
    group("pair_exchange", pair_exchange);
    group("tabu", tabu);
    group("pair_relaxation", pair_relaxation);
    group("mean_field", mean_field);
    group("homing", homing);
    group("home_odds", home_odds);
    group("depth_prior", depth_prior);
    group("depth_steps", depth_steps);
    group("pair_decoding", pair_decoding);
    group("ensemble", ensemble);
    group("gauss_newton", gauss_newton);
    group("projected_relocation", projected_relocation);
    group("annealing", annealing);
    group("neighbourhoods", neighbourhoods);
    group("round_scheduler", round_scheduler);
    group("acceptance", acceptance);
    group("perturbation", perturbation);
    group("sample_size", sample_size);
    group("iterated", iterated);
    group("island", island);
    group("polish", polish);
    group("migration", migration);
    group("elite_pool", elite_pool);
    group("role_choice", role_choice);
    group("part_choice", part_choice);
    group("activation_choice", activation_choice);
    group("preparation", preparation);
    group("missing_block", missing_block);
  }
};

/// One parameter as text.
struct ParameterText {
  std::string name;  ///< "group.member"
  std::string value;
  bool whole = false;  ///< a whole number
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

/// A parameter that is not at its default.
struct ChangedParameter {
  std::string name;  ///< "group.member"
  std::string value;
  std::string default_value;
};

[[nodiscard]] std::vector<ChangedParameter> changed_parameters(const Parameters& parameters);

}  // namespace kintsugi
