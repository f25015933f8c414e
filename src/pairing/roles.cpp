#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "kintsugi/core/error.hpp"
#include "pairing/orientation.hpp"
#include "pairing/pairing.hpp"
#include "pairing/scores.hpp"

namespace kintsugi {

namespace {

using pairing::MatrixF;
using pairing::weight_of;

std::string size_text(std::size_t out, std::size_t in) { return std::to_string(out) + " x " + std::to_string(in); }

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Decides the roles of one network's pieces; members are positions in network.pieces.
class RoleFinder {
 public:
  RoleFinder(const Network& network, const RowShape& rows, std::span<const int> given_expand,
             const PairingParameters& parameters)
      : network_(network),
        parameters_(parameters),
        width_(rows.width),
        outputs_(rows.outputs),
        given_(!given_expand.empty()) {
    guess_.roles.width = width_;
    guess_.roles.outputs = outputs_;
    sort_by_shape();
    if (given_) take_given(given_expand);
  }

  RoleGuess run() {
    for (auto& [hidden, set] : sets_) {
      if (hidden != width_) assign_rectangular(hidden, set);
    }
    assign_square(sets_[width_]);
    if (head_ < 0)
      throw InputError("no piece is the head: none is " + size_text(outputs_, width_) + " (outputs x width)");
    guess_.roles.head = head_;
    std::sort(guess_.roles.expand.begin(), guess_.roles.expand.end());
    std::sort(guess_.roles.compress.begin(), guess_.roles.compress.end());
    return std::move(guess_);
  }

 private:
  // Pieces of one hidden size. The square ones, whose role the shape leaves open, are in `open` only.
  struct Set {
    std::vector<int> expand;  // or the head, where hidden = outputs
    std::vector<int> compress;
    std::vector<int> open;
  };

  [[nodiscard]] const Piece& piece(int position) const { return network_.pieces[static_cast<std::size_t>(position)]; }

  [[nodiscard]] std::string name(int position) const {
    const Piece& p = piece(position);
    return "piece " + std::to_string(p.index) + (p.source.empty() ? "" : " (" + p.source + ")");
  }

  [[nodiscard]] std::string list(std::span<const int> positions) const {
    std::string text;
    for (const int position : positions) {
      if (!text.empty()) text += ", ";
      text += std::to_string(piece(position).index);
    }
    return text;
  }

  void sort_by_shape() {
    for (std::size_t i = 0; i < network_.pieces.size(); ++i) {
      const auto position = static_cast<int>(i);
      const Piece& p = network_.pieces[i];
      if (p.out == 0 || p.in == 0 || (p.in != width_ && p.out != width_)) {
        throw InputError(name(position) + " is " + size_text(p.out, p.in) + ": with a width of " +
                         std::to_string(width_) + " and " + plural(outputs_, "output") + ", a piece is h x " +
                         std::to_string(width_) + " (expand), " + std::to_string(width_) + " x h (compress) or " +
                         size_text(outputs_, width_) + " (head)");
      }
      if (p.in == width_ && p.out == width_) {
        sets_[width_].open.push_back(position);
      } else if (p.in == width_) {
        sets_[p.out].expand.push_back(position);
      } else {
        sets_[p.in].compress.push_back(position);
      }
    }
  }

  // The given pieces expand; what is left of the square ones does not.
  void take_given(std::span<const int> given) {
    std::vector<char> named(network_.pieces.size(), 0);
    for (const int index : given) {
      const auto found = std::find_if(network_.pieces.begin(), network_.pieces.end(),
                                      [&](const Piece& p) { return p.index == index; });
      if (found == network_.pieces.end()) {
        throw InputError("--roles names piece " + std::to_string(index) + ", which is not there");
      }
      const auto position = static_cast<std::size_t>(found - network_.pieces.begin());
      if (found->in != width_) {
        throw InputError("--roles names " + name(static_cast<int>(position)) + " as expand piece, but it is " +
                         size_text(found->out, found->in) + ", not h x " + std::to_string(width_));
      }
      if (named[position]++ != 0) throw InputError("--roles names piece " + std::to_string(index) + " twice");
    }
    for (auto& [hidden, set] : sets_) {
      std::vector<int> rest;
      for (const int position : set.expand) {
        if (named[static_cast<std::size_t>(position)] == 0) rest.push_back(position);
      }
      const std::size_t heads = hidden == outputs_ ? 1 : 0;
      if (rest.size() > heads) {
        throw InputError(name(rest.back()) + " is " + size_text(hidden, width_) +
                         ", an expand piece by its shape, but --roles does not name it");
      }
      if (!rest.empty()) {
        head_ = rest.front();
        std::erase(set.expand, head_);
      }
      for (const int position : set.open) {
        (named[static_cast<std::size_t>(position)] != 0 ? set.expand : set.compress).push_back(position);
      }
      set.open.clear();
    }
  }

  void take(std::span<const int> expand, std::span<const int> compress) {
    guess_.roles.expand.insert(guess_.roles.expand.end(), expand.begin(), expand.end());
    guess_.roles.compress.insert(guess_.roles.compress.end(), compress.begin(), compress.end());
  }

  [[noreturn]] void refuse_counts(std::size_t hidden, const Set& set, const std::string& rule) const {
    std::string text = "hidden size " + std::to_string(hidden) + " has " + plural(set.expand.size(), "expand piece");
    if (!set.expand.empty()) text += " (" + list(set.expand) + ")";
    text += " and " + plural(set.compress.size(), "compress piece");
    if (!set.compress.empty()) text += " (" + list(set.compress) + ")";
    throw InputError(text + ": " + rule);
  }

  // Hidden size other than the width: the shapes tell expand from compress, and leave open the head at most.
  void assign_rectangular(std::size_t hidden, Set& set) {
    if (hidden == outputs_ && head_ < 0) {
      if (set.expand.size() <= set.compress.size()) {
        refuse_counts(hidden, set, "one more than compress pieces is needed, because one is the head");
      }
      if (set.expand.size() > set.compress.size() + 1 && set.compress.empty()) {
        throw InputError("pieces " + list(set.expand) + " are all " + size_text(outputs_, width_) +
                         ": there can be one head only");
      }
      if (set.expand.size() > set.compress.size() + 1) {
        refuse_counts(hidden, set, "one of them can be the head, the others need a counterpart each");
      }
      head_ = set.compress.empty() ? set.expand.front() : odd_one_out(set.expand, set.compress);
      std::erase(set.expand, head_);
    }
    if (set.expand.size() != set.compress.size())
      refuse_counts(hidden, set, "there must be as many of one as of the other");
    take(set.expand, set.compress);
  }

  // The piece that the best pairing of the two lists leaves over; `more` is longer by one.
  int odd_one_out(const std::vector<int>& expand, const std::vector<int>& compress) {
    const pairing::PairTable pairs(network_, expand, compress);
    pairing::Scores scores(pairs, parameters_);
    const pairing::PairingResult result = pairing::decide_best(scores);
    guess_.head_sure = result.quality.trusted_count == std::min(expand.size(), compress.size());
    if (expand.size() > compress.size()) {
      const auto alone = std::find(result.matching.begin(), result.matching.end(), -1);
      return expand[static_cast<std::size_t>(alone - result.matching.begin())];
    }
    std::size_t alone = 0;
    while (std::find(result.matching.begin(), result.matching.end(), static_cast<int>(alone)) !=
           result.matching.end()) {
      ++alone;
    }
    return compress[alone];
  }

  void assign_square(Set& set) {
    if (given_) {
      if (width_ == outputs_ && set.compress.size() == set.expand.size() + 1) {
        head_ = set.expand.empty() ? set.compress.front() : odd_one_out(set.expand, set.compress);
        std::erase(set.compress, head_);
      }
      if (set.expand.size() != set.compress.size()) {
        refuse_counts(width_, set, "--roles must name one of each two square pieces");
      }
      take(set.expand, set.compress);
      return;
    }
    if (set.open.empty()) return;
    const bool with_head = width_ == outputs_;
    if (set.open.size() % 2 != (with_head ? 1 : 0)) {
      throw InputError(
          plural(set.open.size(), "piece") + " of " + size_text(width_, width_) + " (" + list(set.open) +
          "): their number must be " +
          (with_head ? "odd, because one is the head and the others pair up" : "even, because they pair up"));
    }
    orient(set.open, with_head);
  }

  void orient(const std::vector<int>& squares, bool with_head) {
    std::vector<const Piece*> pieces;
    pieces.reserve(squares.size());
    for (const int position : squares) pieces.push_back(&piece(position));
    std::vector<MatrixF> anchors;
    for (const int position : guess_.roles.expand) anchors.emplace_back(weight_of(piece(position)));
    for (const int position : guess_.roles.compress) anchors.emplace_back(weight_of(piece(position)).transpose());
    if (!with_head && head_ >= 0) anchors.emplace_back(weight_of(piece(head_)));
    const pairing::Orientation orientation = pairing::orient_squares(pieces, anchors, parameters_);
    std::vector<int> expand;
    std::vector<int> compress;
    for (const pairing::OrientedPair& pair : orientation.pairs) {
      expand.push_back(squares[pair.expand]);
      compress.push_back(squares[pair.compress]);
      guess_.square.push_back({expand.back(), compress.back(), pair.evidence, pair.sure});
    }
    take(expand, compress);
    if (!with_head) return;
    head_ = squares[static_cast<std::size_t>(orientation.leftover)];
    if (expand.empty()) return;
    // The head is what no other piece belongs to: as sure as the pairs are.
    const pairing::PairTable pairs(network_, expand, compress);
    pairing::Scores scores(pairs, parameters_);
    guess_.head_sure = pairing::decide_best(scores).quality.trusted_count == expand.size();
  }

  const Network& network_;
  PairingParameters parameters_;
  std::size_t width_;
  std::size_t outputs_;
  bool given_;
  std::map<std::size_t, Set> sets_;  // by hidden size
  int head_ = -1;
  RoleGuess guess_;
};

}  // namespace

RoleGuess guess_roles(const Network& network, const RowShape& rows, std::span<const int> given_expand,
                      const PairingParameters& parameters) {
  return RoleFinder(network, rows, given_expand, parameters).run();
}

Roles infer_roles(const Network& network, const RowShape& rows, std::span<const int> given_expand,
                  const PairingParameters& parameters) {
  RoleGuess guess = guess_roles(network, rows, given_expand, parameters);
  const auto index = [&](int position) { return std::to_string(network.index_of(position)); };
  if (!guess.head_sure) {
    throw InputError("the shapes leave open which piece of " + size_text(rows.outputs, rows.width) +
                     " is the head, and the weights do not single one out (best guess: piece " +
                     index(guess.roles.head) +
                     "); --roles FILE decides it: a text file with the expand pieces' indices, separated by commas");
  }
  std::string unsure;
  for (const DirectedPair& pair : guess.square) {
    if (!pair.sure) unsure += (unsure.empty() ? "" : ", ") + index(pair.expand) + " and " + index(pair.compress);
  }
  if (!unsure.empty()) {
    throw InputError("hidden size and width are both " + std::to_string(rows.width) +
                     ", and the weights do not tell which piece expands and which compresses for " + unsure +
                     "; --roles FILE decides it: a text file with the expand pieces' indices, separated by commas");
  }
  return guess.roles;
}

}  // namespace kintsugi
