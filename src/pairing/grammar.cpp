#include "pairing/grammar.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <map>
#include <numbers>
#include <string_view>
#include <utility>

#include "core/assignment.hpp"
#include "core/fold.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using Scores = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A correlation r over n features has atanh(r) with a standard error of 1 / sqrt(n - 3) (Fisher). A pair is certain
/// that is so many of these above what unrelated pieces have, and above the next best.
constexpr double kSure = 4;
constexpr double kAhead = 2;
/// How far the mean of an assignment must be above that of one of unrelated pieces, in standard errors of it.
constexpr double kClear = 2;

bool is_vector(const PieceF64& piece) { return piece.in == 0; }

std::string describe(const PieceF64& piece) {
  return "piece " + std::to_string(piece.index) + " (" + piece.source + ")";
}

Eigen::Map<const Matrix> weight_of(const PieceF64& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

Vector column_norms(const PieceF64& piece) { return weight_of(piece).colwise().norm().transpose(); }
Vector row_norms(const PieceF64& piece) { return weight_of(piece).rowwise().norm(); }
Vector magnitudes(const PieceF64& piece) {
  return Eigen::Map<const Vector>(piece.weight.data(), static_cast<Eigen::Index>(piece.weight.size())).cwiseAbs();
}

/// Deviations from the mean, of norm 1; zeros where all are equal.
Vector standardised(Vector values) {
  values.array() -= values.mean();
  const double norm = values.norm();
  return norm > 0 ? Vector(values / norm) : Vector(Vector::Zero(values.size()));
}

/// Correlations of all of `rows` with all of `columns`.
Scores correlations(const std::vector<Vector>& rows, const std::vector<Vector>& columns) {
  Scores scores(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(columns.size()));
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    for (Eigen::Index j = 0; j < scores.cols(); ++j)
      scores(i, j) = rows[static_cast<std::size_t>(i)].dot(columns[static_cast<std::size_t>(j)]);
  }
  return scores;
}

std::vector<int> best_assignment(const Scores& scores) {
  return assign({scores.data(), static_cast<std::size_t>(scores.size())}, static_cast<std::size_t>(scores.rows()),
                static_cast<std::size_t>(scores.cols()));
}

double total(const Scores& scores, const std::vector<int>& columns) {
  double sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) sum += scores(static_cast<Eigen::Index>(i), columns[i]);
  return sum;
}

/// A correlation over `features` in standard errors.
double in_errors(double correlation, std::size_t features) {
  constexpr double kMost = 1 - 1e-12;
  return std::atanh(std::clamp(correlation, -kMost, kMost)) *
         std::sqrt(std::max(1.0, static_cast<double>(features) - 3));
}

/// Rows that do not stand out from chance, or from the row's next best column, over `features`.
std::vector<std::size_t> unsure_rows(const Scores& scores, const std::vector<int>& columns, std::size_t features) {
  std::vector<std::size_t> unsure;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto row = scores.row(static_cast<Eigen::Index>(i));
    const double own = in_errors(row[columns[i]], features);
    double rival = -1;
    for (Eigen::Index j = 0; j < row.size(); ++j) {
      if (j != columns[i]) rival = std::max(rival, row[j]);
    }
    if (own < kSure || own - in_errors(rival, features) < kAhead) unsure.push_back(i);
  }
  return unsure;
}

/// Whether pieces that are assigned are related: by the mean of their correlations. Of n unrelated ones, each one's
/// largest is sqrt(2 log n) in the mean at most, and so the best assignment's.
bool is_related(const Scores& scores, const std::vector<int>& columns, std::size_t features) {
  const auto count = static_cast<double>(columns.size());
  double sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i)
    sum += in_errors(scores(static_cast<Eigen::Index>(i), columns[i]), features);
  return sum / count > std::sqrt(2 * std::log(static_cast<double>(scores.cols()))) + kClear / std::sqrt(count);
}

/// The pieces by what shapes say of them; positions in network.pieces.
struct Sorted {
  std::vector<std::size_t> vectors;
  std::vector<std::size_t> expand;  // gates among them; the head is not, where its shape is its own
  std::vector<std::size_t> compress;
  bool gated = false;
};

class Grouping {
 public:
  Grouping(NetworkF64 network, const RowShape& rows, const FormHints& hints, std::vector<std::string>& notes)
      : network_(std::move(network)), rows_(rows), hints_(hints), notes_(notes) {}

  NetworkF64 run() {
    sort_by_shape();
    if (sorted_.vectors.empty() && !sorted_.gated) return finish();
    if (sorted_.gated) check_gates();
    check_vectors();
    if (!by_names()) by_weights();
    return finish();
  }

 private:
  [[nodiscard]] const PieceF64& piece(std::size_t position) const { return network_.pieces[position]; }

  void sort_by_shape() {
    const std::size_t d = rows_.width;
    std::map<std::size_t, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> by_hidden;
    for (std::size_t p = 0; p < network_.pieces.size(); ++p) {
      const PieceF64& each = piece(p);
      if (is_vector(each)) {
        sorted_.vectors.push_back(p);
      } else if (each.in == d && each.out != d) {
        by_hidden[each.out].first.push_back(p);
      } else if (each.out == d && each.in != d) {
        by_hidden[each.in].second.push_back(p);
      } else if (each.in == d && each.out == d) {
        squares_ = true;
      }
    }
    for (auto& [hidden, set] : by_hidden) {
      auto& [expand, compress] = set;
      const std::size_t heads = hidden == rows_.outputs ? 1 : 0;
      if (compress.size() > 1 && expand.size() == 2 * compress.size() + heads) sorted_.gated = true;
      if (heads == 1 && !compress.empty()) heads_ = true;
      if (heads == 1 && compress.empty()) continue;
      sorted_.expand.insert(sorted_.expand.end(), expand.begin(), expand.end());
      sorted_.compress.insert(sorted_.compress.end(), compress.begin(), compress.end());
    }
    std::ranges::sort(sorted_.expand);
    std::ranges::sort(sorted_.compress);
  }

  void require_plain_shapes(const std::string& what) const {
    if (squares_)
      throw InputError(what + ", and some pieces are as wide as they are high: roles and parts together are not found");
    if (heads_)
      throw InputError(what + ", and a hidden size is that of the outputs: which piece is the head is not found then");
  }

  void check_gates() const {
    require_plain_shapes("blocks are gated (twice as many expand as compress pieces)");
    if (sorted_.expand.size() == 2 * sorted_.compress.size()) return;
    throw InputError(
        "some blocks are gated, with twice as many expand as compress pieces of their hidden size, and "
        "others are not: one form for all blocks is read");
  }

  void check_vectors() const {
    if (sorted_.vectors.empty()) return;
    require_plain_shapes(describe(piece(sorted_.vectors.front())) +
                         " has one dimension, as the gain of a norm (LayerNorm, RMSNorm) or the scale of a residual");
    for (const std::size_t p : sorted_.vectors) {
      if (piece(p).out == rows_.width) continue;
      throw InputError(describe(piece(p)) + " has one dimension and " + std::to_string(piece(p).out) +
                       " numbers: the gain of a norm or the scale of a residual has as many as there are inputs (" +
                       std::to_string(rows_.width) + ")");
    }
    const std::size_t blocks = sorted_.compress.size();
    if (sorted_.expand.size() != blocks * (sorted_.gated ? 2 : 1)) {
      throw InputError(std::to_string(sorted_.expand.size()) + " pieces have the shape of expand pieces and " +
                       std::to_string(blocks) +
                       " that of compress pieces: a block has one of each, or two of the first where it is gated");
    }
    if (sorted_.vectors.size() == blocks || sorted_.vectors.size() == 2 * blocks) return;
    throw InputError(describe(piece(sorted_.vectors.front())) +
                     " has one dimension: it is the gain of a norm (LayerNorm, RMSNorm) or a scale on the residual. "
                     "There are " +
                     std::to_string(sorted_.vectors.size()) + " of these and " + std::to_string(blocks) +
                     " blocks, but what is read is a norm in front of each block, a scale on each residual, or both");
  }

  // ---- by names ----

  /// "layers.3.mlp.up" of "model.pth: layers.3.mlp.up"; empty where the source has no name.
  static std::string name_of(const PieceF64& piece) {
    const std::size_t at = piece.source.rfind(": ");
    std::string name = at == std::string::npos ? "" : piece.source.substr(at + 2);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
  }

  /// The name up to its first number, the number included.
  static std::string block_of(const std::string& name) {
    const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    const auto begin = std::find_if(name.begin(), name.end(), digit);
    const auto end = std::find_if_not(begin, name.end(), digit);
    return begin == name.end() ? "" : std::string(name.begin(), end);
  }

  static bool has_word(const std::string& name, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return name.find(word) != std::string::npos; });
  }

  /// Where each block's name gathers one of each. False, and nothing done, where it does not.
  bool by_names() {
    struct Members {
      std::vector<std::size_t> vectors, expand, compress;
    };
    std::map<std::string, Members> blocks;
    const auto gather = [&](const std::vector<std::size_t>& positions, std::vector<std::size_t> Members::*list) {
      for (const std::size_t p : positions) (blocks[block_of(name_of(piece(p)))].*list).push_back(p);
    };
    gather(sorted_.vectors, &Members::vectors);
    gather(sorted_.expand, &Members::expand);
    gather(sorted_.compress, &Members::compress);
    const std::size_t vectors = sorted_.vectors.size() / sorted_.compress.size();
    for (const auto& [name, members] : blocks) {
      if (name.empty() || members.compress.size() != 1 || members.vectors.size() != vectors ||
          members.expand.size() != (sorted_.gated ? 2U : 1U)) {
        return forget();
      }
      const auto says = [&, begin = name.size()](std::size_t p, std::initializer_list<std::string_view> words) {
        return has_word(name_of(piece(p)).substr(begin), words);
      };
      std::size_t up = members.expand[0];
      if (sorted_.gated) {
        const bool first = says(up, {"gate", "w1"});
        if (first == says(members.expand[1], {"gate", "w1"})) return forget();
        if (first) up = members.expand[1];
        take(PartKind::gate, members.expand[first ? 0 : 1], up);
      }
      for (const std::size_t p : members.vectors) {
        const bool norm = says(p, {"norm", "ln"});
        if (norm == says(p, {"scale", "gamma", "ls"})) return forget();
        take(norm ? PartKind::norm : PartKind::scale, p, norm ? up : members.compress[0]);
      }
    }
    const auto norms = static_cast<std::size_t>(std::ranges::count(found_, PartKind::norm, &Found::kind));
    if (norms != 0 && norms != sorted_.compress.size()) return forget();
    notes_.push_back("the parts of blocks (" + kinds_text() + ") are grouped as the pieces' names say");
    return true;
  }

  // ---- by weights ----

  void by_weights() {
    if (sorted_.gated) find_gates();
    std::vector<std::size_t> ups;
    for (const std::size_t p : sorted_.expand) {
      if (std::ranges::none_of(found_, [&](const Found& each) { return each.part == p; })) ups.push_back(p);
    }
    if (!sorted_.vectors.empty()) find_vectors(ups);
    notes_.push_back("the parts of blocks (" + kinds_text() + ") are grouped by the weights: " + evidence_);
  }

  /// Two of the expand pieces to each compress piece; the one of which P = W_out W has the trace that
  /// is less negative is the gate.
  void find_gates() {
    std::vector<Vector> rows;
    std::vector<Vector> columns;
    for (const std::size_t p : sorted_.expand) rows.push_back(standardised(row_norms(piece(p)).array().square()));
    for (const std::size_t p : sorted_.compress) {
      columns.push_back(standardised(column_norms(piece(p)).array().square()));
      columns.push_back(columns.back());
    }
    const Scores scores = correlations(rows, columns);
    const std::vector<int> taken = best_assignment(scores);
    if (!is_related(scores, taken, piece(sorted_.expand.front()).out))
      throw InputError(
          "these look like gated blocks (W_gate, W_up and W_down, as in SwiGLU), but which gate belongs to which "
          "block the weights do not tell: " +
          std::to_string(sorted_.expand.size()) + " pieces of the expand shape and " +
          std::to_string(sorted_.compress.size()) +
          " that compress; pieces named by block and word (0.gate.weight, 0.up.weight, ...) would");
    std::map<int, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < taken.size(); ++i) members[taken[i] / 2].push_back(i);
    double sum = 0;
    for (const auto& [compress, pair] : members) {
      const auto trace = [&, at = static_cast<std::size_t>(compress)](std::size_t i) {
        const auto product = (weight_of(piece(sorted_.compress[at])) * weight_of(piece(sorted_.expand[i]))).eval();
        return -product.trace() / product.norm();
      };
      const std::size_t up = trace(pair[0]) >= trace(pair[1]) ? pair[0] : pair[1];
      const std::size_t gate = up == pair[0] ? pair[1] : pair[0];
      for (const std::size_t i : pair) sum += scores(static_cast<Eigen::Index>(i), Eigen::Index{2} * compress);
      take(PartKind::gate, sorted_.expand[gate], sorted_.expand[up]);
    }
    add_evidence("gates, W_in and W_out", sum / static_cast<double>(taken.size()), 0);
  }

  void find_vectors(const std::vector<std::size_t>& ups) {
    std::vector<Vector> own;
    for (const std::size_t p : sorted_.vectors) own.push_back(standardised(magnitudes(piece(p)).array().square()));
    std::vector<Vector> inner;
    std::vector<Vector> outer;
    for (const std::size_t p : ups) inner.push_back(standardised(input_squares(p)));
    for (const std::size_t p : sorted_.compress) outer.push_back(standardised(row_norms(piece(p)).array().square()));
    Scores of_norms = correlations(own, inner);
    add_biases(ups, of_norms);
    const Scores of_scales = correlations(own, outer);
    std::vector<char> norm(own.size(), 0);
    choose_kinds(of_norms, of_scales, norm);
    for (const bool wanted : {true, false}) assign_vectors(wanted, wanted ? of_norms : of_scales, norm, ups);
  }

  /// A norm's bias goes against the sums of the columns of W_in: training lowers what activations are given.
  void add_biases(const std::vector<std::size_t>& ups, Scores& of_norms) const {
    std::vector<Vector> sums;
    sums.reserve(ups.size());
    for (const std::size_t p : ups) sums.push_back(standardised(weight_of(piece(p)).colwise().sum().transpose()));
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
    Vector squares = column_norms(piece(up)).array().square();
    for (const Found& each : found_) {
      if (each.kind == PartKind::gate && each.owner == up)
        squares.array() += column_norms(piece(each.part)).array().square();
    }
    return squares;
  }

  /// Which vectors are norms' gains: those with a bias, those that the user says, or those that fit better so.
  void choose_kinds(const Scores& of_norms, const Scores& of_scales, std::vector<char>& norm) const {
    const std::size_t blocks = sorted_.compress.size();
    std::size_t biased = 0;
    for (std::size_t i = 0; i < norm.size(); ++i) {
      norm[i] = piece(sorted_.vectors[i]).bias.empty() ? 0 : 1;
      biased += norm[i] != 0 ? 1 : 0;
    }
    if (biased == blocks) return;
    if (biased != 0)
      throw InputError(std::to_string(biased) + " of " + std::to_string(norm.size()) +
                       " pieces of one dimension have a bias; all norms have one, or none");
    if (norm.size() == blocks) {
      const bool are_norms =
          hints_.norm ? *hints_.norm != Norm::none
                      : total(of_norms, best_assignment(of_norms)) >= total(of_scales, best_assignment(of_scales));
      std::ranges::fill(norm, are_norms ? 1 : 0);
      return;
    }
    Scores both(of_norms.rows(), of_norms.cols() + of_scales.cols());
    both << of_norms, of_scales;
    const std::vector<int> taken = best_assignment(both);
    for (std::size_t i = 0; i < norm.size(); ++i) norm[i] = taken[i] < of_norms.cols() ? 1 : 0;
  }

  void assign_vectors(bool norms, const Scores& all, const std::vector<char>& norm,
                      const std::vector<std::size_t>& ups) {
    std::vector<Eigen::Index> rows;
    for (std::size_t i = 0; i < norm.size(); ++i) {
      if ((norm[i] != 0) == norms) rows.push_back(static_cast<Eigen::Index>(i));
    }
    if (rows.empty()) return;
    const Scores scores = all(rows, Eigen::all);
    const std::vector<int> taken = best_assignment(scores);
    const char* const kind = norms ? "the gain of a norm" : "the scale of a residual";
    if (!is_related(scores, taken, rows_.width)) {
      throw InputError(describe(piece(sorted_.vectors[static_cast<std::size_t>(rows.front())])) + " is " + kind +
                       ", but of which block the weights do not tell; pieces named by block and word (0.norm.weight, "
                       "0.inp.weight, 0.scale, ...) would");
    }
    double sum = 0;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const auto at = static_cast<std::size_t>(taken[i]);
      sum += scores(static_cast<Eigen::Index>(i), taken[i]);
      take(norms ? PartKind::norm : PartKind::scale, sorted_.vectors[static_cast<std::size_t>(rows[i])],
           norms ? ups[at] : sorted_.compress[at]);
    }
    add_evidence(norms ? "gains and W_in" : "scales and W_out", sum / static_cast<double>(taken.size()),
                 unsure_rows(scores, taken, rows_.width).size());
  }

  void add_evidence(const std::string& what, double mean, std::size_t unsure) {
    constexpr std::size_t kShown = 4;
    evidence_.append(evidence_.empty() ? "" : ", ").append(what).append(" correlate by ");
    evidence_.append(std::to_string(mean).substr(0, kShown)).append(" in the mean");
    if (unsure != 0) evidence_.append(" (").append(std::to_string(unsure)).append(" of them may be another's)");
  }

  // ---- the result ----

  struct Found {
    PartKind kind;
    std::size_t part;
    std::size_t owner;
  };

  void take(PartKind kind, std::size_t part, std::size_t owner) { found_.push_back({kind, part, owner}); }
  bool forget() {
    found_.clear();
    return false;
  }

  [[nodiscard]] std::string kinds_text() const {
    std::string text;
    for (const PartKind kind : {PartKind::norm, PartKind::gate, PartKind::scale}) {
      const auto count = std::ranges::count(found_, kind, &Found::kind);
      if (count == 0) continue;
      text.append(text.empty() ? "" : ", ")
          .append(std::to_string(count))
          .append(" ")
          .append(to_string(kind))
          .append("s");
    }
    return text;
  }

  NetworkF64 finish() {
    find_norm();
    std::vector<char> gone(network_.pieces.size(), 0);
    for (const Found& each : found_) {
      PieceF64& part = network_.pieces[each.part];
      if (is_vector(part)) part.in = 1;
      gone[each.part] = 1;
      const int owner = network_.pieces[each.owner].index;
      network_.parts.push_back({each.kind, owner, std::move(part)});
    }
    std::vector<PieceF64> rest;
    for (std::size_t p = 0; p < gone.size(); ++p) {
      if (gone[p] == 0) rest.push_back(std::move(network_.pieces[p]));
    }
    network_.pieces = std::move(rest);
    return std::move(network_);
  }

  /// LayerNorm where norms have biases; what the user says; else RMSNorm.
  void find_norm() {
    if (hints_.norm) network_.form.norm = *hints_.norm;
    if (hints_.eps) network_.form.eps = *hints_.eps;
    const auto norm = std::ranges::find(found_, PartKind::norm, &Found::kind);
    if (norm == found_.end()) return;
    const bool biased = !piece(norm->part).bias.empty();
    if (hints_.norm && *hints_.norm != Norm::none) return;
    if (hints_.norm) throw InputError("--norm is none, but " + describe(piece(norm->part)) + " is the gain of a norm");
    network_.form.norm = biased ? Norm::layer : Norm::rms;
    notes_.push_back(std::string("norms are taken to be ") + (biased
                                                                  ? "LayerNorm, since they have biases"
                                                                  : "RMSNorm, since they have no biases; --norm layer "
                                                                    "if they are LayerNorm"));
  }

  NetworkF64 network_;
  RowShape rows_;
  FormHints hints_;
  std::vector<std::string>& notes_;
  Sorted sorted_;
  bool squares_ = false;
  bool heads_ = false;
  std::vector<Found> found_;
  std::string evidence_;
};

}  // namespace

NetworkF64 group_parts(NetworkF64 network, const RowShape& rows, const FormHints& hints,
                       std::vector<std::string>& notes) {
  return Grouping(std::move(network), rows, hints, notes).run();
}

}  // namespace kintsugi
