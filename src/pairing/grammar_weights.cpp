// Parts by what goes together in the weights.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "core/assignment.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/grammar_parts.hpp"

namespace kintsugi::grammar {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

Eigen::Map<const Matrix> weight_of(const PieceF64& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

Vector column_squares(const PieceF64& piece) { return weight_of(piece).colwise().squaredNorm().transpose(); }
Vector row_squares(const PieceF64& piece) { return weight_of(piece).rowwise().squaredNorm(); }
Vector squares(const PieceF64& piece) {
  return Eigen::Map<const Vector>(piece.weight.data(), static_cast<Eigen::Index>(piece.weight.size())).cwiseAbs2();
}

/// Deviations from the mean, of norm 1; zeros where all are equal.
Vector standardised(Vector values) {
  values.array() -= values.mean();
  const double norm = values.norm();
  return norm > 0 ? Vector(values / norm) : Vector(Vector::Zero(values.size()));
}

/// Correlations of all of `rows` with all of `columns`.
Matrix correlations(const std::vector<Vector>& rows, const std::vector<Vector>& columns) {
  Matrix scores(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(columns.size()));
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    for (Eigen::Index j = 0; j < scores.cols(); ++j)
      scores(i, j) = rows[static_cast<std::size_t>(i)].dot(columns[static_cast<std::size_t>(j)]);
  }
  return scores;
}

std::vector<int> best_assignment(const Matrix& scores) {
  return assign({scores.data(), static_cast<std::size_t>(scores.size())}, static_cast<std::size_t>(scores.rows()),
                static_cast<std::size_t>(scores.cols()));
}

double total(const Matrix& scores, const std::vector<int>& columns) {
  double sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) sum += scores(static_cast<Eigen::Index>(i), columns[i]);
  return sum;
}

/// A correlation over `features` in standard errors: atanh(r) has one of 1 / sqrt(features - 3) (Fisher).
double in_errors(double correlation, std::size_t features) {
  constexpr double kMost = 1 - 1e-12;
  return std::atanh(std::clamp(correlation, -kMost, kMost)) *
         std::sqrt(std::max(1.0, static_cast<double>(features) - 3));
}

/// -tr P / ||P||_F of P = W_out W, in standard deviations of unrelated pieces.
double trace_of(const PieceF64& compress, const Eigen::Ref<const Matrix>& expand) {
  const Matrix product = weight_of(compress) * expand;
  return -product.trace() / product.norm() * std::sqrt(static_cast<double>(product.rows()));
}

class Weights {
 public:
  Weights(const NetworkF64& network, const Sorted& sorted, const FormHints& hints, const GrammarParameters& parameters)
      : network_(network), sorted_(sorted), hints_(hints), parameters_(parameters) {}

  Grouped run() {
    if (sorted_.gated) find_gates();
    if (sorted_.fused) find_gate_half(network_, sorted_, parameters_, result_);
    for (const std::size_t p : sorted_.expand) {
      if (std::ranges::none_of(result_.found, [&](const Found& each) { return each.part == p; })) ups_.push_back(p);
    }
    if (!sorted_.vectors.empty()) find_vectors();
    return std::move(result_);
  }

 private:
  [[nodiscard]] const PieceF64& piece(std::size_t position) const { return network_.pieces[position]; }

  /// Whether pieces that are assigned are related: by the mean of their correlations. Of n unrelated ones, each one's
  /// largest is sqrt(2 log n) in the mean at most, and so the best assignment's.
  [[nodiscard]] bool is_related(const Matrix& scores, const std::vector<int>& columns, std::size_t features) const {
    const auto count = static_cast<double>(columns.size());
    double sum = 0;
    for (std::size_t i = 0; i < columns.size(); ++i)
      sum += in_errors(scores(static_cast<Eigen::Index>(i), columns[i]), features);
    return sum / count >
           std::sqrt(2 * std::log(static_cast<double>(scores.cols()))) + parameters_.clear / std::sqrt(count);
  }

  /// How many rows do not stand out from chance, or from the row's next best column; `alike` columns in a row are one.
  [[nodiscard]] std::size_t unsure_rows(const Matrix& scores, const std::vector<int>& columns, std::size_t features,
                                        Eigen::Index alike = 1) const {
    std::size_t unsure = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto row = scores.row(static_cast<Eigen::Index>(i));
      const double own = in_errors(row[columns[i]], features);
      double rival = -1;
      for (Eigen::Index j = 0; j < row.size(); ++j) {
        if (j / alike != columns[i] / alike) rival = std::max(rival, row[j]);
      }
      if (own < parameters_.sure || own - in_errors(rival, features) < parameters_.ahead) ++unsure;
    }
    return unsure;
  }

  /// Two of the expand pieces to each compress piece; the one of which P = W_out W has the trace that
  /// is less negative is the gate.
  void find_gates() {
    std::vector<Vector> rows;
    std::vector<Vector> columns;
    rows.reserve(sorted_.expand.size());
    for (const std::size_t p : sorted_.expand) rows.push_back(standardised(row_squares(piece(p))));
    for (const std::size_t p : sorted_.compress)
      columns.insert(columns.end(), 2, standardised(column_squares(piece(p))));
    const Matrix scores = correlations(rows, columns);
    const std::vector<int> taken = best_assignment(scores);
    if (!is_related(scores, taken, piece(sorted_.expand.front()).out)) result_.open.unrelated.insert(PartKind::gate);
    std::map<int, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < taken.size(); ++i) members[taken[i] / 2].push_back(sorted_.expand[i]);
    for (const auto& [at, pair] : members) {
      const PieceF64& compress = piece(sorted_.compress[static_cast<std::size_t>(at)]);
      const double ahead =
          trace_of(compress, weight_of(piece(pair[0]))) - trace_of(compress, weight_of(piece(pair[1])));
      if (std::abs(ahead) < parameters_.sure * std::numbers::sqrt2) result_.open.gates = true;
      result_.found.push_back({PartKind::gate, pair[ahead >= 0 ? 1 : 0], pair[ahead >= 0 ? 0 : 1]});
    }
    const std::size_t unsure = unsure_rows(scores, taken, piece(sorted_.expand.front()).out, 2);
    result_.open.unsure_gates = unsure != 0;
    add_evidence("gates, W_in and W_out", total(scores, taken) / static_cast<double>(taken.size()), unsure);
  }

  void find_vectors() {
    std::vector<Vector> own;
    std::vector<Vector> inner;
    std::vector<Vector> outer;
    own.reserve(sorted_.vectors.size());
    inner.reserve(ups_.size() + 1);
    outer.reserve(sorted_.compress.size());
    for (const std::size_t p : sorted_.vectors) own.push_back(standardised(squares(piece(p))));
    for (const std::size_t p : ups_) inner.push_back(standardised(input_squares(p)));
    for (const std::size_t p : sorted_.compress) outer.push_back(standardised(row_squares(piece(p))));
    owners_ = ups_;
    if (sorted_.before_head() != 0 && sorted_.head) {
      owners_.push_back(*sorted_.head);
      inner.push_back(standardised(column_squares(piece(*sorted_.head))));
    }
    Matrix of_norms = correlations(own, inner);
    add_biases(of_norms);
    const Matrix of_scales = correlations(own, outer);
    const std::vector<char> norm = choose_kinds(of_norms, of_scales);
    assign_vectors(true, of_norms, norm);
    assign_vectors(false, of_scales, norm);
  }

  /// A norm's bias goes against the sums of the columns of W_in: training lowers what activations are given.
  void add_biases(Matrix& of_norms) const {
    std::vector<Vector> sums;
    sums.reserve(owners_.size());
    for (const std::size_t p : owners_) sums.push_back(standardised(weight_of(piece(p)).colwise().sum().transpose()));
    for (std::size_t i = 0; i < sorted_.vectors.size(); ++i) {
      const std::vector<double>& bias = piece(sorted_.vectors[i]).bias;
      if (bias.empty()) continue;
      const Vector own = standardised(Eigen::Map<const Vector>(bias.data(), static_cast<Eigen::Index>(bias.size())));
      const auto row = static_cast<Eigen::Index>(i);
      of_norms.row(row) = (of_norms.row(row) - correlations({own}, sums)) / std::numbers::sqrt2;
    }
  }

  /// Squared norms of the columns that a norm's gain multiplies: those of W_in, and of its gate.
  [[nodiscard]] Vector input_squares(std::size_t up) const {
    Vector result = column_squares(piece(up));
    for (const Found& each : result_.found) {
      if (each.kind == PartKind::gate && each.owner == up) result += column_squares(piece(each.part));
    }
    return result;
  }

  /// Which vectors are norms' gains: those with a bias, those that the user says, or those that fit better so.
  [[nodiscard]] std::vector<char> choose_kinds(const Matrix& of_norms, const Matrix& of_scales) {
    std::vector<char> norm;
    norm.reserve(sorted_.vectors.size());
    for (const std::size_t p : sorted_.vectors) norm.push_back(piece(p).bias.empty() ? 0 : 1);
    const auto biased = static_cast<std::size_t>(std::ranges::count(norm, 1));
    if (biased == owners_.size() || (biased == 1 && sorted_.before_head() == 1)) return norm;
    if (biased != 0)
      throw InputError(std::to_string(biased) + " of " + std::to_string(norm.size()) +
                       " pieces of one dimension have a bias; all norms have one, or none");
    if (norm.size() == owners_.size()) return choose_one_kind(of_norms, of_scales, std::move(norm));
    Matrix both(of_norms.rows(), of_norms.cols() + of_scales.cols());
    both << of_norms, of_scales;
    const std::vector<int> taken = best_assignment(both);
    for (std::size_t i = 0; i < norm.size(); ++i) norm[i] = taken[i] < of_norms.cols() ? 1 : 0;
    return norm;
  }

  /// Where there is one for each block: norms or scales, and in either case maybe a norm before the head.
  [[nodiscard]] std::vector<char> choose_one_kind(const Matrix& of_norms, const Matrix& of_scales,
                                                  std::vector<char> norm) {
    Matrix others = of_scales;
    if (sorted_.before_head() != 0) {
      others.conservativeResize(Eigen::NoChange, of_norms.cols());
      others.rightCols(1) = of_norms.rightCols(1);
    }
    const std::vector<int> as_norms = best_assignment(of_norms);
    const std::vector<int> as_scales = best_assignment(others);
    const std::size_t features = piece(sorted_.vectors.front()).out;
    const bool are_norms =
        hints_.norm ? *hints_.norm != Norm::none : total(of_norms, as_norms) >= total(others, as_scales);
    result_.open.kinds = !hints_.norm && sorted_.before_head() == 0 && !is_related(of_norms, as_norms, features) &&
                         !is_related(others, as_scales, features);
    for (std::size_t i = 0; i < norm.size(); ++i)
      norm[i] = are_norms || as_scales[i] >= static_cast<int>(of_scales.cols()) ? 1 : 0;
    return norm;
  }

  void assign_vectors(bool norms, const Matrix& all, const std::vector<char>& norm) {
    std::vector<Eigen::Index> rows;
    for (std::size_t i = 0; i < norm.size(); ++i) {
      if ((norm[i] != 0) == norms) rows.push_back(static_cast<Eigen::Index>(i));
    }
    if (rows.empty()) return;
    if (norms && rows.size() == 1 && sorted_.before_head() == 1) {
      result_.found.push_back({PartKind::head_norm, sorted_.vectors[static_cast<std::size_t>(rows[0])], *sorted_.head});
      result_.evidence.append(result_.evidence.empty() ? "" : ", ").append("one is left for the head");
      return;
    }
    const Matrix scores = all(rows, Eigen::all);
    const std::vector<int> taken = best_assignment(scores);
    const std::size_t unsure = unsure_rows(scores, taken, piece(sorted_.vectors.front()).out);
    const PartKind kind = norms ? PartKind::norm : PartKind::scale;
    if (!is_related(scores, taken, piece(sorted_.vectors.front()).out)) {
      result_.open.unrelated.insert(kind);
    } else if (unsure != 0) {
      result_.open.doubtful.insert(kind);
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const std::size_t owner = (norms ? owners_ : sorted_.compress)[static_cast<std::size_t>(taken[i])];
      result_.found.push_back({norms && owner == sorted_.head ? PartKind::head_norm : kind,
                               sorted_.vectors[static_cast<std::size_t>(rows[i])], owner});
    }
    add_evidence(norms ? "gains and W_in" : "scales and W_out",
                 total(scores, taken) / static_cast<double>(taken.size()), unsure);
  }

  void add_evidence(const std::string& what, double mean, std::size_t unsure) {
    constexpr std::size_t kShown = 4;
    result_.evidence.append(result_.evidence.empty() ? "" : ", ").append(what).append(" correlate by ");
    result_.evidence.append(std::to_string(mean).substr(0, kShown)).append(" in the mean");
    if (unsure != 0) result_.evidence.append(" (").append(std::to_string(unsure)).append(" of them may be another's)");
  }

  const NetworkF64& network_;
  const Sorted& sorted_;
  const FormHints& hints_;
  GrammarParameters parameters_;
  std::vector<std::size_t> ups_;     // the expand pieces that are no gates
  std::vector<std::size_t> owners_;  // these, and the head where a norm stands before it
  Grouped result_;
};

}  // namespace

void find_gate_half(const NetworkF64& network, const Sorted& sorted, const GrammarParameters& parameters,
                    Grouped& result) {
  const auto blocks = static_cast<Eigen::Index>(sorted.compress.size());
  std::vector<double> sums;
  for (const bool last : {false, true}) {
    Matrix scores(blocks, blocks);
    for (Eigen::Index i = 0; i < blocks; ++i) {
      const auto both = weight_of(network.pieces[sorted.expand[static_cast<std::size_t>(i)]]);
      for (Eigen::Index j = 0; j < blocks; ++j) {
        const PieceF64& compress = network.pieces[sorted.compress[static_cast<std::size_t>(j)]];
        const auto half = static_cast<Eigen::Index>(compress.in);
        // Halves of another hidden size do not fit.
        scores(i, j) = both.rows() == 2 * half ? trace_of(compress, both.middleRows(last ? half : 0, half)) : -1e3;
      }
    }
    sums.push_back(total(scores, best_assignment(scores)));
  }
  result.gate_first = sums[1] >= sums[0];
  const double ahead = std::abs(sums[1] - sums[0]) / std::sqrt(2.0 * static_cast<double>(blocks));
  if (ahead < parameters.sure) result.open.gates = true;
  result.evidence.append(result.evidence.empty() ? "" : ", ")
      .append(result.gate_first ? "gates are the first half of their pieces"
                                : "gates are the last half of their pieces");
}

Grouped group_by_weights(const NetworkF64& network, const Sorted& sorted, const FormHints& hints,
                         const GrammarParameters& parameters) {
  return Weights(network, sorted, hints, parameters).run();
}

}  // namespace kintsugi::grammar
