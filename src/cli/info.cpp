// kintsugi info: what is in a problem file, and what is unusual about it.

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>

#include "cli/command.hpp"
#include "cli/diagnostics.hpp"
#include "cli/puzzle_place.hpp"
#include "cli/roles_file.hpp"
#include "cli/solve_log.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"
#include "core/part_rules.hpp"
#include "depth/weights_line.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi::cli {

namespace {

/// What the scores that need every pair's product may cost; beyond, they are left out.
constexpr double kAffordableGflop = 500;

constexpr std::size_t kTerminalColumns = 80;

bool needs_products(PairScoreKind kind) {
  return kind == PairScoreKind::diagonal_ratio || kind == PairScoreKind::asymmetry;
}

/// Of all products W_out W_in, in GFLOP.
double cost_of_products(const Network& network, const Roles& roles) {
  double weights = 0;
  for (const int piece : roles.expand) {
    weights += static_cast<double>(network.pieces[static_cast<std::size_t>(piece)].weight.size());
  }
  return 2e-9 * static_cast<double>(roles.compress.size()) * static_cast<double>(roles.width) * weights;
}

/// Of the features and similarities of all blocks, in GFLOP.
double cost_of_line(const Network& network, const Roles& roles) {
  const auto width = static_cast<double>(roles.width);
  const auto blocks = static_cast<double>(roles.expand.size());
  double hidden = 0;
  for (const int piece : roles.expand)
    hidden += static_cast<double>(network.pieces[static_cast<std::size_t>(piece)].out);
  return 2e-9 * width * width * (3 * hidden + 3 * blocks * blocks);
}

/// "1.5 MB"
std::string size_of(double bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1000;
  return format(unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
}

/// "0.012", or "0.01 to 0.5"
std::string spread(const std::vector<double>& values) {
  const auto [lowest, highest] = std::ranges::minmax(values);
  return lowest == highest ? format("%.4g", lowest) : format("%.4g to %.4g", lowest, highest);
}

class InfoCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "info"; }
  [[nodiscard]] std::string summary() const override {
    return "Shows what is in a problem, and what is unusual about it";
  }
  [[nodiscard]] std::string description() const override {
    return "Prints the shapes of the pieces, what their columns of data look like, which pieces may be which, how well "
           "each score tells pairs apart, what a solve will need, and what is odd about any of it.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi info problem.h5", "what there is"},
            {"kintsugi info FOLDER", "the same of pieces that are no problem file yet"}};
  }

  void declare(OptionTable& options) override {
    options.argument(
        "problem", "PROBLEM",
        "the problem file (problem.h5), or what import reads: a folder, archive or file of pieces with its table",
        input_path(problem_));
    options.option("roles", "FILE",
                   "text file with the numbers of the expand pieces, by comma, where shapes leave the roles open",
                   input_path(roles_));
  }

  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  void print_shapes(const Network& network, const ProblemFile& problem) const;
  void print_rows(const RowFacts& facts, const ProblemFile& problem) const;
  /// Says what is unusual about the roles; empty: nothing.
  [[nodiscard]] std::string print_roles(const Network& network, const RoleGuess& guess) const;
  /// Says what is unusual about the pairs; empty: nothing.
  [[nodiscard]] std::string print_pairing(const Network& network, const Roles& roles) const;
  void print_line(const Network& network, const Roles& roles) const;
  void print_cost(const Network& network, const RowShape& shape) const;

  std::filesystem::path problem_;
  std::filesystem::path roles_;
};

/// "gated, rms norm (eps 1e-05); 48 gates, 48 norms": empty where blocks are plain.
std::string form_of(const ProblemFile& problem) {
  const NetworkF64 network = problem.unfolded_network();
  std::map<std::string, std::size_t> counts;
  for (const BasicPart<double>& part : network.parts) ++counts[std::string(to_string(part.kind))];
  const auto fused = static_cast<std::size_t>(
      std::ranges::count_if(network.pieces, [](const PieceF64& piece) { return !piece.gate_weight.empty(); }));
  if (fused != 0) counts["fused gate"] = fused;
  BlockForm form = network.form;
  form.gated = fused != 0 || counts.contains(std::string(to_string(PartKind::gate)));
  std::string text = to_string(form);
  for (const auto& [kind, count] : counts) {
    text.append(text.empty() ? "" : ", ")
        .append(count_of(count, kind == "norm"        ? "norm's gain"
                                : kind == "head_norm" ? "gain before the head"
                                                      : kind));
  }
  return text;
}

void InfoCommand::print_shapes(const Network& network, const ProblemFile& problem) const {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> count_by_shape;
  for (const Piece& piece : network.pieces) ++count_by_shape[{piece.out, piece.in}];
  std::cout << "problem      " << printable(problem_.string()) << '\n'
            << "pieces       " << network.pieces.size() << '\n';
  for (const auto& [shape, count] : count_by_shape) {
    std::cout << format("  %6zu of shape [%zu x %zu]\n", count, shape.first, shape.second);
  }
  std::cout << "activation   " << to_string(network.activation) << '\n';
  if (const std::string form = form_of(problem); !form.empty()) std::cout << "form         " << form << '\n';
  for (const auto& [key, value] : problem.provenance()) {
    std::cout << format("%-12s ", printable(key).c_str()) << printable_lines(value, std::string(13, ' ')) << '\n';
  }
}

void InfoCommand::print_rows(const RowFacts& facts, const ProblemFile& problem) const {
  const RowShape shape = problem.shape();
  if (!problem.has_predictions()) {
    std::cout
        << "\nrows         none: there are no predictions, and 'kintsugi solve --without-predictions' goes by the "
           "weights\n";
    return;
  }
  std::cout << "\nrows         " << shape.rows << (problem.has_targets() ? ", with targets" : ", without targets")
            << '\n'
            << "inputs       " << shape.width << " columns, mean " << spread(facts.input_mean) << ", deviation "
            << spread(facts.input_deviation) << '\n'
            << "predictions  " << count_of(shape.outputs, "column") << ", mean " << spread(facts.prediction_mean)
            << ", deviation " << spread(facts.prediction_deviation) << '\n';
}

std::string InfoCommand::print_roles(const Network& network, const RoleGuess& guess) const {
  const Roles& roles = guess.roles;
  const HiddenRange hidden = hidden_range(network, roles);
  std::cout << "\nroles        " << count_of(roles.expand.size(), "block") << " of width " << roles.width << ", hidden "
            << range_of(hidden.lowest, hidden.highest) << format("; head: piece %d\n", network.index_of(roles.head));
  const auto unsure = static_cast<std::size_t>(
      std::ranges::count_if(guess.square, [](const DirectedPair& pair) { return !pair.sure; }));
  if (!guess.square.empty()) {
    std::cout << "             " << count_of(guess.square.size(), "square pair")
              << ", told apart by their weights; not sure: " << unsure
              << (unsure == 0 ? "\n" : " (solve decides by the data, or --roles FILE)\n");
  }
  if (!guess.head_sure) std::cout << "             the head is a guess\n";
  if (unsure == 0) return guess.head_sure ? "" : "which piece is the head is a guess";
  return format("which piece expands, the weights do not tell of %zu of %zu square pairs; solve decides by the data",
                unsure, guess.square.size());
}

std::string InfoCommand::print_pairing(const Network& network, const Roles& roles) const {
  if (roles.expand.empty()) return "";
  std::cout << "\nHow well each score pairs. Gap: lowest chosen less highest not chosen;\n"
               "separation: chosen less best rival, on average; both in units of the spread of\n"
               "the scores not chosen. Other pairs: those that auto does not have.\n";
  TextTable table({"score", "gap", "separation", "smallest margin", "untrusted", "other pairs"});
  const auto partners = [](const Pairing& pairing) {
    std::map<int, int> partner_of;
    for (const PairScore& pair : pairing.pairs) partner_of[pair.expand] = pair.compress;
    return partner_of;
  };
  const auto chosen = pair_pieces(network, roles, "auto");
  const auto chosen_partners = partners(chosen);
  const double cost = cost_of_products(network, roles);
  for (const PairScoreKind kind : kPairScoreKinds) {
    if (needs_products(kind) && cost > kAffordableGflop) {
      table.add({std::string(to_string(kind)) + ": left out, too costly here", "", "", "", "", ""});
      continue;
    }
    const Pairing pairing = pair_by(network, roles, kind);
    const PairSummary summary = summarize(pairing.pairs);
    std::size_t differing = 0;
    for (const auto& [expand, compress] : partners(pairing)) {
      if (chosen_partners.at(expand) != compress) ++differing;
    }
    table.add({std::string(to_string(kind)) + (kind == chosen.kind ? " (auto)" : ""), format("%.2f", pairing.gap),
               format("%.2f", pairing.separation), format("%.3f", summary.worst->score_margin),
               std::to_string(summary.untrusted), std::to_string(differing)});
  }
  table.print(std::cout);
  const std::size_t untrusted = summarize(chosen.pairs).untrusted;
  if (untrusted == 0) return "";
  return format("%zu of %zu pairs are not singled out by the weights; solve finds them by the data", untrusted,
                chosen.pairs.size());
}

void InfoCommand::print_line(const Network& network, const Roles& roles) const {
  if (roles.expand.size() < 3) return;
  if (cost_of_line(network, roles) > kAffordableGflop) {
    std::cout << "\ndepth        left out, too costly here\n";
    return;
  }
  Blocks pairing;
  const Pairing chosen = pair_pieces(network, roles, "auto");
  pairing.reserve(chosen.pairs.size());
  for (const PairScore& pair : chosen.pairs) pairing.push_back({pair.expand, pair.compress});
  const WeightsLine line = study_line(network, pairing, roles.head).line;
  std::cout << '\n';
  for (const std::string& each : describe_line(line)) {
    constexpr std::size_t kLabel = 9;
    std::cout << fact_text({each.substr(0, each.find(' ')), each.substr(kLabel)}, kTerminalColumns, false) << '\n';
  }
  if (line.features.empty()) return;
  std::cout << "How smoothly each feature of the blocks changes along that line: correlation of\n"
               "similarity and nearness over the pairs of blocks. Side: made of the piece that\n"
               "reads the stream, that writes to it, or both.\n";
  TextTable table({"feature", "side", "smoothness"});
  for (const FeatureSmoothness& each : line.features)
    table.add({each.name, each.side, format("%.3f", each.smoothness)});
  table.print(std::cout);
}

void InfoCommand::print_cost(const Network& network, const RowShape& shape) const {
  std::size_t weights = 0;
  std::size_t values = 0;
  for (const Piece& piece : network.pieces) {
    weights += piece.weight.size();
    values += piece.weight.size() + piece.bias.size();
  }
  const auto rows = static_cast<double>(shape.rows);
  const double operations = 2 * static_cast<double>(weights) * rows;
  std::cout << "\nmemory       weights " << size_of(4 * static_cast<double>(values)) << " per node, rows "
            << size_of(4 * rows * static_cast<double>(shape.width + shape.outputs)) << " over all ranks, in float32\n"
            << format("cost         %.3g GFLOP for one evaluation on all rows\n", operations / 1e9);
}

ExitCode InfoCommand::run(const Settings&) {
  const std::vector<int> given_expand = roles_.empty() ? std::vector<int>{} : read_roles_file(roles_);
  std::optional<ScratchFolder> scratch;
  std::filesystem::path file = problem_;
  if (!is_problem_path(problem_)) {
    const Puzzle puzzle = read_puzzle(problem_, {}, {}, std::nullopt, false, {}, true);
    file = scratch.emplace().path() / "problem.h5";
    write_puzzle(file, puzzle, false);
    for (const std::string& note : puzzle.notes) std::cerr << "note: " << printable(note) << '\n';
  }
  const ProblemFile problem(file);
  const Network network = problem.network();
  print_shapes(network, problem);
  const RowFacts facts = look_at_rows(problem);
  print_rows(facts, problem);

  std::optional<std::string> no_roles;
  std::vector<std::string> diagnostics = diagnose_pieces(problem.network_f64());
  try {
    const RoleGuess guess = guess_roles(network, problem.shape(), given_expand);
    diagnostics.push_back(print_roles(network, guess));
    diagnostics.push_back(print_pairing(network, guess.roles));
    if (const auto few = find_few_rows(problem.shape(), guess.roles.expand.size()); few && problem.has_predictions())
      diagnostics.push_back(few->evidence + "; " + few->remedy);
    print_line(network, guess.roles);
  } catch (const InputError& error) {
    no_roles = error.what();
  }
  print_cost(network, problem.shape());

  for (const auto& [key, value] : problem.provenance()) {
    if (key == "left_out") diagnostics.push_back("pieces that were left out at the import: " + value);
    if (key == "guessed_parts") diagnostics.push_back("where these parts belong is a guess by the weights: " + value);
  }
  if (problem.has_predictions())
    std::ranges::move(diagnose_rows(facts, problem.shape()), std::back_inserter(diagnostics));
  std::erase(diagnostics, "");
  std::cout << (diagnostics.empty() ? "\nNothing unusual.\n" : "\nUnusual\n");
  for (const std::string& sentence : diagnostics) {
    std::string indent = "  ";
    for (const std::string& line : wrap(printable(sentence), kTerminalColumns - 4)) {
      std::cout << indent << line << '\n';
      indent = "    ";
    }
  }
  // The rest is worth showing first: it often tells why.
  if (no_roles) throw InputError(*no_roles);
  return ExitCode::success;
}

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace kintsugi::cli
