// What a report shows of a problem's weights and data.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>

#include "report/contents.hpp"

namespace kintsugi::report {

namespace {

constexpr std::size_t kProductExamples = 4;

Product product_of(const Network& network, int expand, int compress) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using RowMajorF64 = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto weight_of = [&](int position) {
    const Piece& piece = network.pieces[static_cast<std::size_t>(position)];
    return Eigen::Map<const RowMajor>(piece.weight.data(), static_cast<Eigen::Index>(piece.out),
                                      static_cast<Eigen::Index>(piece.in));
  };
  const RowMajorF64 values = weight_of(compress).cast<double>() * weight_of(expand).cast<double>();
  Product product;
  product.expand = network.pieces[static_cast<std::size_t>(expand)].index;
  product.compress = network.pieces[static_cast<std::size_t>(compress)].index;
  product.values.assign(values.data(), values.data() + values.size());
  return product;
}

/// The block whose score stands out least, the first, the middle and the last one, each beside its best rival.
std::vector<Product> example_products(const Report& report, const Network& network, const Assembly& assembly,
                                      const ScoreTable& scores) {
  const std::size_t length = assembly.blocks.size();
  const auto& pairs = report.stored.solution.pairs;
  const auto weakest =
      static_cast<std::size_t>(std::ranges::min_element(pairs, {}, &PairScore::score_margin) - pairs.begin());
  std::vector<std::size_t> examples{weakest};
  for (const std::size_t t : {std::size_t{0}, length / 2, length - 1, length / 4}) {
    if (std::ranges::find(examples, t) == examples.end()) examples.push_back(t);
  }
  examples.resize(std::min(examples.size(), kProductExamples));
  std::vector<Product> products;
  for (const std::size_t t : examples) {
    const auto score_at = [&](std::size_t column) { return scores.score[t * length + column]; };
    std::optional<std::size_t> rival;
    for (std::size_t column = 0; column < length; ++column) {
      if (column == t || !std::isfinite(score_at(column))) continue;
      if (!rival || score_at(column) > score_at(*rival)) rival = column;
    }
    for (const std::optional<std::size_t> column : {std::optional(t), rival}) {
      if (!column) continue;
      Product product = product_of(network, assembly.blocks[t].expand, assembly.blocks[*column].compress);
      product.position = static_cast<int>(t);
      product.chosen = *column == t;
      product.score = score_at(*column);
      products.push_back(std::move(product));
    }
  }
  return products;
}

}  // namespace

void add_problem(Report& report, const std::filesystem::path& path, const Network& network, const Assembly& assembly,
                 ChosenScores scores, Fit fit, std::size_t all_rows) {
  ProblemFigures figures;
  const Piece& head = network.pieces[static_cast<std::size_t>(assembly.head)];
  figures.path = path.string();
  figures.activation = network.activation;
  figures.width = head.in;
  figures.outputs = head.out;
  figures.rows = all_rows;
  for (const Block& block : assembly.blocks) {
    const std::size_t hidden = network.pieces[static_cast<std::size_t>(block.expand)].out;
    figures.lowest_hidden = figures.lowest_hidden == 0 ? hidden : std::min(figures.lowest_hidden, hidden);
    figures.highest_hidden = std::max(figures.highest_hidden, hidden);
  }
  figures.scores = std::move(scores.table);
  figures.scores_agree = scores.as_stored;
  if (!assembly.blocks.empty()) figures.products = example_products(report, network, assembly, figures.scores);
  figures.fit = std::move(fit);
  report.problem = std::move(figures);
}

}  // namespace kintsugi::report
