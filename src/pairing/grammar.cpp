#include "pairing/grammar.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "kintsugi/core/error.hpp"
#include "pairing/grammar_parts.hpp"

namespace kintsugi {

namespace grammar {

std::string describe(const PieceF64& piece) {
  return "piece " + std::to_string(piece.index) + " (" + piece.source + ")";
}

namespace {

class Grouping {
 public:
  Grouping(NetworkF64 network, const RowShape& rows, const FormHints& hints, const GrammarParameters& parameters)
      : network_(std::move(network)), rows_(rows), hints_(hints), parameters_(parameters) {}

  NetworkF64 run(std::vector<std::string>& notes, OpenParts* open) {
    sort_by_shape();
    if (!sorted_.vectors.empty() || sorted_.gated || sorted_.fused) {
      if (sorted_.gated || sorted_.fused)
        require_plain_shapes("blocks are gated (twice as many expand as compress pieces)");
      check_vectors();
      if (!group(notes)) sorted_.gated = false;
      if (open == nullptr) refuse_open();
      if (open != nullptr) *open = grouped_.open;
    }
    set_norms(notes);
    split_fused();
    return with_parts();
  }

 private:
  [[nodiscard]] const PieceF64& piece(std::size_t position) const { return network_.pieces[position]; }

  void sort_by_shape() {
    const std::size_t d = rows_.width;
    std::map<std::size_t, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> by_hidden;
    for (std::size_t p = 0; p < network_.pieces.size(); ++p) {
      const PieceF64& each = piece(p);
      if (each.in == 0) {
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
      if (compress.size() > 1 && expand.size() > compress.size() + heads) sorted_.gated = true;
      if (compress.size() > 1 && expand.size() == 2 * compress.size() + heads) doubled_ = true;
      if (heads == 1 && compress.empty() && expand.size() == 1) {
        sorted_.head = expand.front();
        continue;
      }
      if (heads == 1) heads_ = true;
      sorted_.expand.insert(sorted_.expand.end(), expand.begin(), expand.end());
      sorted_.compress.insert(sorted_.compress.end(), compress.begin(), compress.end());
    }
    std::ranges::sort(sorted_.expand);
    std::ranges::sort(sorted_.compress);
    find_fused();
  }

  /// As many expand as compress pieces, each of twice the rows that a compress piece has columns.
  void find_fused() {
    std::multiset<std::size_t> rows;
    std::multiset<std::size_t> halves;
    for (const std::size_t p : sorted_.expand) rows.insert(piece(p).out);
    for (const std::size_t p : sorted_.compress) halves.insert(2 * piece(p).in);
    sorted_.fused = !rows.empty() && rows == halves;
    if (sorted_.fused) sorted_.gated = false;
  }

  void require_plain_shapes(const std::string& what) const {
    if (squares_)
      throw InputError(what + ", and some pieces are as wide as they are high: roles and parts together are not found");
    if (heads_)
      throw InputError(what + ", and a hidden size is that of the outputs: which piece is the head is not found then");
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
    if (blocks != 0 && sorted_.expand.size() >= blocks && sorted_.expand.size() <= 2 * blocks) return;
    throw InputError(std::to_string(sorted_.expand.size()) + " pieces have the shape of expand pieces and " +
                     std::to_string(blocks) +
                     " that of compress pieces: a block has one of each, or two of the first where it is gated");
  }

  /// Without names, all blocks must have the same parts.
  void check_counts() const {
    const std::size_t blocks = sorted_.compress.size();
    if (sorted_.gated && sorted_.expand.size() != 2 * blocks) {
      throw InputError(
          "some blocks are gated, with twice as many expand as compress pieces of their hidden size, and "
          "others are not: pieces named by block and word (0.gate.weight, 0.up.weight, ...) would tell which");
    }
    if (sorted_.before_head() != 0 && !sorted_.head)
      throw InputError(describe(piece(sorted_.vectors.front())) +
                       " has one dimension, and is one more than the blocks have: that of a norm before the head, but "
                       "which piece is the head is not found");
    const std::size_t count = sorted_.vectors.size() - sorted_.before_head();
    if (count == 0 || count == blocks || count == 2 * blocks) return;
    throw InputError(
        describe(piece(sorted_.vectors.front())) +
        " has one dimension: it is the gain of a norm (LayerNorm, RMSNorm) or a scale on the residual. "
        "There are " +
        std::to_string(sorted_.vectors.size()) + " of these and " + std::to_string(blocks) +
        " blocks, but what is read is a norm in front of each block, a scale on each residual, or both, and "
        "one more norm before the head; of parts that some blocks have, pieces named by block and word "
        "(0.norm.weight, 0.scale, ...) would tell which");
  }

  /// False where there is nothing to group: pieces are too many, which is said elsewhere.
  bool group(std::vector<std::string>& notes) {
    bool order_open = false;
    std::optional<Grouped> named = group_by_names(network_, sorted_, order_open);
    if (named) {
      grouped_ = std::move(*named);
      if (order_open) find_gate_half(network_, sorted_, parameters_, grouped_);
      notes.push_back("the parts of blocks (" + kinds_text() + ") are grouped as the pieces' names say");
      return true;
    }
    if (sorted_.vectors.empty() && sorted_.gated && !doubled_) return false;
    check_counts();
    grouped_ = group_by_weights(network_, sorted_, hints_, parameters_);
    notes.push_back("the parts of blocks (" + kinds_text() + ") are grouped by the weights: " + grouped_.evidence);
    return true;
  }

  void refuse_open() const {
    const auto first = std::ranges::find_if(
        grouped_.found, [&](const Found& each) { return grouped_.open.unrelated.contains(each.kind); });
    if (first == grouped_.found.end()) return;
    const std::string remedy =
        "; pieces named by block and word (0.norm.weight, 0.gate.weight, 0.scale, ...) would, or kintsugi solve "
        "FOLDER, which asks the data";
    if (first->kind == PartKind::gate) {
      throw InputError(
          "these look like gated blocks (W_gate, W_up and W_down, as in SwiGLU), but which gate belongs to which "
          "block the weights do not tell: " +
          std::to_string(sorted_.expand.size()) + " pieces of the expand shape and " +
          std::to_string(sorted_.compress.size()) + " that compress" + remedy);
    }
    throw InputError(describe(piece(first->part)) + " is " +
                     (first->kind == PartKind::scale ? "the scale of a residual" : "the gain of a norm") +
                     ", but of which block the weights do not tell" + remedy);
  }

  [[nodiscard]] std::string kinds_text() const {
    std::string text;
    for (const PartRule& rule : part_rules()) {
      const auto count = std::ranges::count(grouped_.found, rule.kind, &Found::kind);
      if (count == 0) continue;
      if (rule.kind == PartKind::head_norm) {
        text.append(text.empty() ? "" : ", ").append("a norm before the head");
        continue;
      }
      text.append(text.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(rule.name).append("s");
    }
    if (sorted_.fused)
      text.append(text.empty() ? "" : ", ").append(std::to_string(sorted_.expand.size())).append(" fused gates");
    return text;
  }

  /// LayerNorm where norms have biases; what the user says; else RMSNorm.
  void set_norms(std::vector<std::string>& notes) {
    BlockForm& form = network_.form;
    if (hints_.norm) form.norm = *hints_.norm;
    if (hints_.head_norm) form.head_norm = *hints_.head_norm;
    if (hints_.eps) form.eps = *hints_.eps;
    const auto kind_of = [&](const Found& part) { return norm_with(!piece(part.part).bias.empty()); };
    const auto norm = std::ranges::find(grouped_.found, PartKind::norm, &Found::kind);
    const auto head = std::ranges::find(grouped_.found, PartKind::head_norm, &Found::kind);
    if (norm != grouped_.found.end() && hints_.norm == Norm::none)
      throw InputError("--norm is none, but " + describe(piece(norm->part)) + " is the gain of a norm");
    if (norm != grouped_.found.end() && !hints_.norm) form.norm = kind_of(*norm);
    if (head != grouped_.found.end() && form.head_norm == Norm::none)
      form.head_norm = form.norm != Norm::none ? form.norm : kind_of(*head);
    if (head != grouped_.found.end() && hints_.head_norm == Norm::none)
      throw InputError("--head-norm is none, but " + describe(piece(head->part)) +
                       " is the gain of a norm before the head");
    const bool told = hints_.norm || (norm == grouped_.found.end() && hints_.head_norm);
    if (!form.has_norms() || told) return;
    const NormRule& rule = rule_of(form.any_norm());
    std::string note = std::string("norms are taken to be ").append(rule.title);
    note += rule.shifted ? ", since they have biases" : ", since they have no biases";
    for (const Norm other : rule.shifted ? std::vector<Norm>() : norms_but(rule.norm))
      note.append("; --norm ").append(to_string(other)).append(" if they are ").append(rule_of(other).title);
    notes.push_back(std::move(note));
  }

  void split_fused() {
    if (!sorted_.fused) return;
    for (const std::size_t p : sorted_.expand) {
      PieceF64& both = network_.pieces[p];
      const auto split = [&](std::vector<double>& values, std::vector<double>& gate) {
        const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        gate.assign(middle, values.end());
        values.erase(middle, values.end());
        if (grouped_.gate_first) std::swap(values, gate);
      };
      split(both.weight, both.gate_weight);
      if (!both.bias.empty()) split(both.bias, both.gate_bias);
      both.out /= 2;
    }
  }

  NetworkF64 with_parts() {
    std::vector<char> gone(network_.pieces.size(), 0);
    for (const Found& each : grouped_.found) {
      PieceF64& part = network_.pieces[each.part];
      if (part.in == 0) part.in = 1;
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

  NetworkF64 network_;
  RowShape rows_;
  FormHints hints_;
  GrammarParameters parameters_;
  Sorted sorted_;
  bool squares_ = false;
  bool heads_ = false;
  bool doubled_ = false;  // of some hidden size there are exactly twice as many expand as compress pieces
  Grouped grouped_;
};

}  // namespace

}  // namespace grammar

NetworkF64 group_parts(NetworkF64 network, const RowShape& rows, const FormHints& hints,
                       std::vector<std::string>& notes, OpenParts* open, const GrammarParameters& parameters) {
  return grammar::Grouping(std::move(network), rows, hints, parameters).run(notes, open);
}

}  // namespace kintsugi
