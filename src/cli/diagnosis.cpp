#include "cli/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "cli/diagnostics.hpp"
#include "cli/missing_finding.hpp"
#include "cli/reference.hpp"
#include "cli/solve_log.hpp"
#include "cli/status_findings.hpp"
#include "cli/text.hpp"
#include "core/stop.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kClearly = 4;          // times less error: another activation is the likelier one
constexpr double kOverfitted = 1.2;     // the error on all rows by that of the sample
constexpr double kStillFalling = 0.02;  // share of the error by which it fell in the last fifth of the search
constexpr double kLastPart = 0.8;
constexpr std::size_t kNamed = 5;
// What PyTorch, JAX and language models add to a variance.
constexpr std::array kEps{1e-12, 1e-8, 1.1920928955078125e-07, 1e-6, 1e-5, 1e-3};
constexpr std::array kSlopes{0.05, 0.1, 0.2, 0.3, 0.5};  // of leaky_relu, beside the usual one

bool is_answer(Status status) {
  return status == Status::solved || status == Status::precision || status == Status::noise;
}

/// The final order and all starts: what was fitted with a wrong activation is no longer near the right one's order.
std::vector<Assembly> tried_orders(const Solution& solution) {
  std::vector<Assembly> orders{solution.assembly};
  std::vector<Block> by_expand = solution.assembly.blocks;
  std::ranges::sort(by_expand, {}, &Block::expand);
  for (const StartOrder& start : solution.starts) {
    if (start.order.size() != by_expand.size()) continue;
    orders.push_back({{}, solution.assembly.head});
    for (const int place : start.order) orders.back().blocks.push_back(by_expand[static_cast<std::size_t>(place)]);
  }
  return orders;
}

/// So many that all activations at all orders take a second or so.
std::size_t rows_to_try(const NetworkF64& network, std::size_t orders) {
  constexpr double kOperations = 2e9;
  constexpr std::size_t kMost = 1000;
  constexpr std::size_t kLeast = 32;
  double per_row = 0;
  for (const PieceF64& piece : network.pieces) per_row += 2 * static_cast<double>(piece.weight.size());
  const double rows = kOperations / (per_row * static_cast<double>(orders * (kActivations.size() + kSlopes.size())));
  return std::clamp(static_cast<std::size_t>(std::min(rows, 1e9)), kLeast, kMost);
}

double error_of(const NetworkF64& network, const Assembly& order, const RowsF64& rows) {
  const std::vector<double> predicted = predict_reference(network, order, rows);
  double sum = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i)
    sum += (predicted[i] - rows.predictions[i]) * (predicted[i] - rows.predictions[i]);
  return sum / static_cast<double>(predicted.size());
}

double error_of(const NetworkF64& network, const std::vector<Assembly>& orders, const RowsF64& rows) {
  double least = std::numeric_limits<double>::infinity();
  for (const Assembly& order : orders) least = std::min(least, error_of(network, order, rows));
  return least;
}

/// What an activation leaves at the best of some orders.
struct ActivationError {
  Activation activation;
  double error;
};

/// Names the activation that leaves much the least error where the file's own does not.
bool name_activation(const std::vector<ActivationError>& tried, const char* where, std::vector<Finding>& found) {
  const ActivationError& given = tried.front();
  const ActivationError& best = *std::ranges::min_element(tried, {}, &ActivationError::error);
  if (!(kClearly * best.error < given.error)) return false;
  const std::string name = to_string(best.activation);
  found.push_back({"activation",
                   "with " + name + where + format(" an MSE of %.2e, with ", best.error) + to_string(given.activation) +
                       format(" %.2e", given.error),
                   "import again with --activation " + name});
  return true;
}

/// At the order that was found, and at the starts alone: a search fits its order to a wrong activation.
void find_activation(const Solution& solution, const ProblemFile& problem, const RowFacts& facts,
                     std::vector<Finding>& found) {
  NetworkF64 network = problem.network_f64();
  const std::vector<Assembly> orders = tried_orders(solution);
  const RowsF64 rows = problem.read_f64(0, std::min(rows_to_try(network, orders.size()), problem.shape().rows));
  std::vector<Activation> all{network.activation};
  std::ranges::copy_if(kActivations, std::back_inserter(all),
                       [&](Activation each) { return each != network.activation; });
  for (const double slope : kSlopes) all.emplace_back(Activation::leaky_relu, slope);
  std::vector<ActivationError> anywhere;
  std::vector<ActivationError> at_starts;
  anywhere.reserve(all.size());
  at_starts.reserve(all.size());
  for (const Activation each : all) {
    network.activation = each;
    const double found_order = error_of(network, orders.front(), rows);
    const double start = error_of(network, {orders.begin() + 1, orders.end()}, rows);
    anywhere.push_back({each, std::min(found_order, start)});
    at_starts.push_back({each, start});
  }
  if (name_activation(anywhere, " the same orders leave", found) || orders.size() < 2) return;
  // Of rows that are all alike, starts tell nothing.
  const double least = std::ranges::min_element(at_starts, {}, &ActivationError::error)->error;
  if (kClearly * least < variance_of(facts)) static_cast<void>(name_activation(at_starts, " the starts leave", found));
}

/// Another norm or eps; `network` gets the best one. Returns its error.
double find_norm(NetworkF64& network, const std::vector<Assembly>& orders, const RowsF64& rows, double given,
                 std::vector<Finding>& found) {
  const BlockForm own = network.form;
  if (!own.has_norms()) return given;
  BlockForm best = own;
  double least = given;
  for (const Norm norm : norms_but(Norm::none)) {
    for (const double eps : kEps) {
      network.form = own.with_norm(norm);
      network.form.eps = eps;
      const double error = error_of(network, orders, rows);
      if (!(error < least)) continue;
      best = network.form;
      least = error;
    }
  }
  network.form = best;
  if (best == own || !(kClearly * least < given)) return least;
  found.push_back({"form",
                   "with " + to_string(best) + format(" the same orders leave an MSE of %.2e, with ", least) +
                       to_string(own) + format(" %.2e", given),
                   std::string("import again with --norm ")
                           .append(to_string(best.norm == Norm::none ? best.head_norm : best.norm)) +
                       format(" --norm-eps %.9g", best.eps)});
  return least;
}

/// Another norm, or the gate and the expand piece the other way round.
void find_form(const Solution& solution, const ProblemFile& problem, std::vector<Finding>& found) {
  NetworkF64 network = problem.network_f64();
  if (network.form.plain()) return;
  const std::vector<Assembly> orders = tried_orders(solution);
  const RowsF64 rows = problem.read_f64(0, std::min(rows_to_try(network, orders.size()), problem.shape().rows));
  const double least = find_norm(network, orders, rows, error_of(network, orders, rows), found);
  if (!network.form.gated) return;
  for (PieceF64& piece : network.pieces) {
    if (piece.gate_weight.empty()) continue;
    std::swap(piece.weight, piece.gate_weight);
    std::swap(piece.bias, piece.gate_bias);
  }
  const double turned = error_of(network, orders, rows);
  if (!(kClearly * turned < least)) return;
  found.push_back({"form",
                   format("with gates and expand pieces the other way round the same orders leave an MSE of %.2e, as "
                          "they are %.2e",
                          turned, least),
                   "name the pieces by what they are (0.gate.weight, 0.up.weight, ...) and import again"});
}

void find_wrong_pairs(const Solution& solution, const Network& network, std::vector<Finding>& found) {
  std::vector<std::string> names;
  for (const PairScore& pair : solution.pairs) {
    if (pair.trusted) continue;
    names.push_back(format("%d and %d", network.index_of(pair.expand), network.index_of(pair.compress)));
  }
  if (names.empty()) return;
  found.push_back({"pairs",
                   format("%zu of %zu pairs are not singled out by the weights and may be wrong: pieces ", names.size(),
                          solution.pairs.size()) +
                       some_of(names, kNamed),
                   "a longer search, another --seed, or --islands"});
}

void find_open_roles(const Solution& solution, const Network& network, std::vector<Finding>& found) {
  if (solution.open_roles.empty()) return;
  std::vector<std::string> names;
  for (const Block& pair : solution.open_roles)
    names.push_back(format("%d and %d", network.index_of(pair.expand), network.index_of(pair.compress)));
  found.push_back({"roles",
                   format("of %zu of %zu square pairs the weights do not tell which piece expands: pieces ",
                          names.size(), solution.square_pairs) +
                       some_of(names, kNamed) + "; where they go is what the data so far favour",
                   "--roles FILE where the roles are known, a longer --time-limit, another --seed"});
}

void find_overfitting(const Solution& solution, std::vector<Finding>& found) {
  if (solution.trajectory.empty()) return;
  const TrajectoryEntry& last = solution.trajectory.back();
  if (static_cast<std::size_t>(last.rows) >= solution.rows || !(solution.mse > kOverfitted * last.best)) return;
  found.push_back({"sample",
                   format("the sample of %lld rows is overfitted: an MSE of %.3g there, %.3g on all rows",
                          static_cast<long long>(last.rows), last.best, solution.mse),
                   format("--sample-rows %lld", static_cast<long long>(4 * last.rows))});
}

void find_short_limit(const Solution& solution, std::vector<Finding>& found) {
  if (solution.status != Status::time_limit && solution.status != Status::evaluations) return;
  if (solution.trajectory.empty()) return;
  const TrajectoryEntry& last = solution.trajectory.back();
  const auto before = kLastPart * static_cast<double>(last.evaluations);
  for (const TrajectoryEntry& row : solution.trajectory) {
    if (static_cast<double>(row.evaluations) < before || row.rows != last.rows) continue;
    if (!(row.best - last.best > kStillFalling * row.best)) return;
    found.push_back(
        {"limit",
         format("the error was still falling: from %.3g to %.3g in the last fifth of the search", row.best, last.best),
         solution.status == Status::time_limit ? "a longer --time-limit" : "more --max-evaluations"});
    return;
  }
}

void find_noise(const Solution& solution, std::vector<Finding>& found) {
  constexpr double kLittle = 0.25;
  const bool looks_like_it = !is_answer(solution.status) && solution.by_chance > 0 && solution.explained < kLittle &&
                             solution.explained < kClearly * solution.by_chance && solution.by_chance < 1 / kClearly;
  if (!looks_like_it) return;
  const auto open = std::ranges::count_if(solution.pairs, [](const PairScore& pair) { return !pair.trusted; });
  found.push_back({"noise",
                   format("inputs and swaps of near blocks explain only %.1f %% of what is left (by chance up to %.1f "
                          "%%): most of it may be noise in the predictions",
                          100 * solution.explained, 100 * solution.by_chance),
                   open > 1
                       ? "more rows, or less noise: it hides exchanges of pieces whose pairs the weights leave open"
                       : "a longer search ends with status noise where that is so; --tolerance where the noise "
                         "is known"});
}

/// Blocks without which the order leaves much less of the error.
void find_decoys(const Solution& solution, const Network& network, const ProblemFile& problem,
                 std::vector<Finding>& found) {
  constexpr double kMuchLess = 0.5;
  const NetworkF64 pieces = problem.network_f64();
  const std::size_t blocks = solution.assembly.blocks.size();
  const RowsF64 rows = problem.read_f64(0, std::min(rows_to_try(pieces, blocks), problem.shape().rows));
  const double error = error_of(pieces, {solution.assembly}, rows);
  std::vector<std::pair<double, std::size_t>> without;
  for (std::size_t b = 0; b < blocks && blocks > 1; ++b) {
    Assembly rest = solution.assembly;
    rest.blocks.erase(rest.blocks.begin() + static_cast<std::ptrdiff_t>(b));
    const double left = error_of(pieces, {rest}, rows);
    if (left < kMuchLess * error) without.emplace_back(left, b);
  }
  if (without.empty()) return;
  const auto& [least, at] = *std::ranges::min_element(without);
  const Block& block = solution.assembly.blocks[at];
  found.push_back(
      {"extra",
       format("without the block of pieces %d and %d the same order leaves an MSE of %.2e, with it %.2e: it "
              "may belong to nothing",
              network.index_of(block.expand), network.index_of(block.compress), least, error),
       "solve FOLDER --allow-extra, with the pieces as they were before the import"});
}

void find_ties(const Solution& solution, const Network& network, std::vector<Finding>& found) {
  if (solution.ties.empty()) return;
  const auto compress = [&](int position) {
    return network.index_of(solution.assembly.blocks[static_cast<std::size_t>(position)].compress);
  };
  std::vector<std::string> texts;
  for (const Tie& tie : solution.ties) {
    if (tie.kind == "trade") {
      texts.push_back(format("the blocks at positions %d and %d can trade places", tie.first, tie.second));
    } else if (tie.kind == "move") {
      texts.push_back(format("the block at position %d can stand at %d", tie.first, tie.second));
    } else {
      texts.push_back(format("the blocks at positions %d and %d can exchange their compress pieces %d and %d",
                             tie.first, tie.second, compress(tie.first), compress(tie.second)));
    }
  }
  std::string text = "as far as the data tell, " + some_of(texts, kNamed);
  if (texts.size() > kNamed) text += " (/ties in the solution file)";
  found.push_back({"ties", text, "more rows that differ, or predictions with more digits, would decide them"});
}

void find_coarse_rounding(const Solution& solution, const RowFacts& facts, std::vector<Finding>& found) {
  constexpr double kCoarse = 3e-4;
  const double variance = variance_of(facts);
  if (!(variance > 0 && solution.target > kCoarse * variance)) return;
  found.push_back({"rounding",
                   format("predictions are given to so few digits that an MSE of %.3g, %.2g %% of their variance, is "
                          "what rounding makes of it: other orders may come as near",
                          solution.target, 100 * solution.target / variance),
                   "predictions with more digits, or more rows"});
}

void find_odd_data(const ProblemFile& problem, const RowFacts& facts, std::vector<Finding>& found) {
  for (std::string& text : diagnose_rows(facts, problem.shape())) found.push_back({"data", std::move(text), ""});
  const Provenance provenance = problem.provenance();
  const auto left_out = provenance.find("left_out");
  if (left_out == provenance.end()) return;
  found.push_back({"extra", "pieces that were left out when the problem was imported: " + left_out->second,
                   "where a partner of theirs is missing, no order reproduces the predictions: look for it"});
}

/// What takes long is left out where the run is to end.
template <class Find>
void unless_stopped(const Find& find) {
  try {
    find();
  } catch (const Stopped&) {
    return;
  }
}

}  // namespace

std::vector<Finding> diagnose(const Solution& solution, const Network& network, const ProblemFile& problem,
                              const Parameters& parameters) {
  std::vector<Finding> found;
  if (solution.status == Status::by_weights || !problem.has_predictions()) return found;
  RowFacts facts;
  bool looked = false;
  unless_stopped([&] {
    facts = look_at_rows(problem);
    looked = true;
  });
  // The cheapest first: a stop leaves little time.
  if (!is_answer(solution.status) && solution.status != Status::reproduced) find_open_roles(solution, network, found);
  if (solution.status != Status::solved && solution.status != Status::precision)
    unless_stopped([&] { find_form(solution, problem, found); });
  if (!is_answer(solution.status)) {
    const bool reproduced = solution.status == Status::reproduced;
    if (!reproduced) unless_stopped([&] { find_activation(solution, problem, facts, found); });
    if (!reproduced) find_guessed_parts(problem, found);
    if (!reproduced) find_wrong_pairs(solution, network, found);
    if (!reproduced) find_overfitting(solution, found);
    if (!reproduced) find_short_limit(solution, found);
    if (!reproduced) find_noise(solution, found);
    if (!reproduced) unless_stopped([&] { find_decoys(solution, network, problem, found); });
    if (!reproduced) unless_stopped([&] { find_missing_block(solution, problem, parameters.missing_block, found); });
  }
  if (const auto few = find_few_rows(problem.shape(), solution.assembly.blocks.size()))
    found.push_back({"rows", few->evidence, few->remedy});
  for (const std::string& text : describe_copies(solution, network))
    found.push_back({"copies", text, "nothing: each of these answers is right"});
  find_ties(solution, network, found);
  if (!solution.scaling.empty()) found.push_back({"scale", solution.scaling, ""});
  find_reason(solution, problem, facts, found);
  if (looked && solution.status != Status::solved) find_coarse_rounding(solution, facts, found);
  if (!is_answer(solution.status) && solution.status != Status::reproduced) find_how_far(solution, facts, found);
  if (looked) find_odd_data(problem, facts, found);
  return found;
}

std::string describe(const Finding& finding) {
  return finding.kind + ": " + finding.evidence + (finding.remedy.empty() ? "" : "; try: " + finding.remedy);
}

}  // namespace kintsugi::cli
