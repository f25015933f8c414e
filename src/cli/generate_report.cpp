#include "cli/generate_report.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "cli/text.hpp"
#include "core/assignment.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi::cli {

namespace {

/// Pieces that take more than this are not read back for the pair scores unless asked for.
constexpr std::size_t kPairCheckBytes = std::size_t{256} << 20;

/// What the weights alone say about the pairs.
struct PairCheck {
  std::size_t wrong = 0;  ///< after an exact assignment by dominance; exact copies may stand for each other
  double lowest_true = std::numeric_limits<double>::infinity();
  double highest_true = 0;
  double highest_other = 0;
};

PairCheck check_pairs(const Network& network, const Assembly& truth) {
  std::vector<int> expand;
  std::vector<int> compress;
  for (const Block& block : truth.blocks) {
    expand.push_back(block.expand);
    compress.push_back(block.compress);
  }
  const PairMatrix scores = score_pairs(network, expand, compress, PairScoreKind::dominance);
  const std::vector<int> chosen = assign(scores.score, expand.size(), compress.size());
  const auto same = [&](std::size_t a, std::size_t b) {
    const auto& pieces = network.pieces;
    return a == b ||
           pieces[static_cast<std::size_t>(compress[a])].weight == pieces[static_cast<std::size_t>(compress[b])].weight;
  };
  PairCheck check;
  for (std::size_t e = 0; e < expand.size(); ++e) {
    if (!same(e, static_cast<std::size_t>(chosen[e]))) ++check.wrong;
    check.lowest_true = std::min(check.lowest_true, scores.at(e, e));
    check.highest_true = std::max(check.highest_true, scores.at(e, e));
    for (std::size_t c = 0; c < compress.size(); ++c) {
      if (!same(e, c)) check.highest_other = std::max(check.highest_other, scores.at(e, c));
    }
  }
  return check;
}

bool wants_pair_check(const GenerateOptions& options, const GeneratedFacts& facts) {
  if (options.check_pairs != "auto") return options.check_pairs == "yes";
  const std::vector<std::size_t>& hidden = options.network.hidden;
  std::size_t bytes = facts.rows.outputs * facts.rows.width * sizeof(float);
  for (std::size_t t = 0; t < facts.truth.blocks.size(); ++t) {
    bytes += 2 * hidden[t % hidden.size()] * facts.rows.width * sizeof(float);
  }
  return bytes <= kPairCheckBytes;
}

/// ", gated, rms norm (eps 1e-05), scaled".
std::string form_text(const GrammarOptions& grammar) {
  std::string text = to_string(grammar.form);
  if (grammar.form.has_norms() && !grammar.gain) text.append(" without gain");
  if (grammar.scale) text.append(text.empty() ? "scaled" : ", scaled");
  if (grammar.share < 1) text.append(format(", each in %.3g of the blocks", grammar.share));
  return text.empty() ? text : ", " + text;
}

}  // namespace

void report_generated(std::ostream& out, const GenerateOptions& options, const GeneratedFacts& facts) {
  const RowShape& rows = facts.rows;
  const std::size_t blocks = facts.truth.blocks.size();
  const auto [smallest, largest] = std::ranges::minmax(options.network.hidden);
  out << "network        " << options.kind << ": " << count_of(blocks, "block") << " of width " << rows.width
      << ", hidden size " << range_of(smallest, largest) << ", " << count_of(rows.outputs, "output") << ", "
      << to_string(options.network.activation) << form_text(options.network.grammar)
      << (options.network.biases ? "" : ", no biases") << '\n'
      << "rows           " << rows.rows << '\n';
  std::string result = format("RESULT kind=%s blocks=%zu width=%zu outputs=%zu rows=%zu", options.kind.c_str(), blocks,
                              rows.width, rows.outputs, rows.rows);
  if (!options.planted()) {
    out << format("loss           %.6g before, %.6g after %lld steps\n", facts.loss_before, facts.loss_after,
                  static_cast<long long>(options.train.steps));
    result += format(" loss_before=%.9g loss_after=%.9g", facts.loss_before, facts.loss_after);
  }
  if (wants_pair_check(options, facts)) {
    const PairCheck pairs = check_pairs(ProblemFile(options.output).network(), facts.truth);
    out << format("pairs          %zu of %zu wrong by the weights; dominance of the true ones %.3f to %.3f",
                  pairs.wrong, blocks, pairs.lowest_true, pairs.highest_true)
        << format(", of others up to %.3f\n", pairs.highest_other);
    result += format(" wrong_pairs=%zu", pairs.wrong);
  } else {
    out << "pairs          not checked\n";
  }
  const DepthCorrelations& depth = facts.depth;
  out << "depth          rank correlation of "
      << format("W_out's norm %+.3f, of its L1 norm %+.3f, of delta-norm %+.3f\n", depth.wout_frobenius, depth.wout_l1,
                depth.delta_norm)
      << format("truth          mse %.4e, largest error %.4e (float64)\n", facts.truth_error.mse,
                facts.truth_error.largest)
      << "wrote          " << options.output.string() << ", and the answer to " << options.answer.string() << '\n'
      << result
      << format(" rho_frobenius=%.6f rho_l1=%.6f rho_delta=%.6f", depth.wout_frobenius, depth.wout_l1, depth.delta_norm)
      << format(" mse=%.9g largest_error=%.9g\n", facts.truth_error.mse, facts.truth_error.largest);
}

}  // namespace kintsugi::cli
