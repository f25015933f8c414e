#include <map>
#include <string>

#include "io/import.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

std::string shape_text(std::size_t out, std::size_t in) {
  return std::string("[").append(std::to_string(out)) + " x " + std::to_string(in) + "]";
}

std::string describe(const PieceF64& piece) {
  return "piece " + std::to_string(piece.index) + " (" + piece.source + ")";
}

std::string first_of_shape(const NetworkF64& network, std::size_t out, std::size_t in) {
  for (const PieceF64& piece : network.pieces) {
    if (piece.out == out && piece.in == in) return describe(piece);
  }
  throw InternalError("no piece of the shape " + shape_text(out, in));
}

/// Pieces of one shape, listed up to a handful.
std::string list_of_shape(const NetworkF64& network, std::size_t out, std::size_t in) {
  constexpr int kListed = 4;
  std::string text;
  int found = 0;
  for (const PieceF64& piece : network.pieces) {
    if (piece.out != out || piece.in != in) continue;
    if (++found <= kListed) text += (text.empty() ? "" : ", ") + std::to_string(piece.index);
  }
  return found > kListed ? text + ", ..." : text;
}

class ShapeCheck {
 public:
  ShapeCheck(const NetworkF64& network, const RowShape& rows) : network_(network), d_(rows.width), k_(rows.outputs) {}

  void run() {
    if (network_.pieces.empty()) throw InputError("there are no pieces");
    for (const PieceF64& piece : network_.pieces) count(piece);
    refuse_gates();
    check_head();
    for (const auto& [hidden, expands] : expands_) {
      if (hidden != k_) check_pairs(hidden, expands);
    }
    for (const auto& [hidden, compresses] : compresses_) {
      if (hidden != k_ && !expands_.contains(hidden)) check_pairs(hidden, 0);
    }
    if (network_.pieces.size() == 1) throw InputError("there is one piece, the head: a network has at least one block");
  }

 private:
  void count(const PieceF64& piece) {
    if (piece.in == d_ && piece.out == d_) {
      ++square_;
    } else if (piece.in == d_) {
      ++expands_[piece.out];
    } else if (piece.out == d_) {
      ++compresses_[piece.in];
    } else {
      throw InputError(describe(piece) + " is " + shape_text(piece.out, piece.in) +
                       ", which fits no role: the data has " + std::to_string(d_) + " measurements and " +
                       std::to_string(k_) + " predictions, so an expand piece is [h x " + std::to_string(d_) +
                       "], a compress piece [" + std::to_string(d_) + " x h] and the head " + shape_text(k_, d_));
    }
  }

  /// Square pieces pair among themselves whatever their roles, so the head is what makes their number odd where k = d.
  /// Elsewhere blocks of the hidden size k, if any, need as many of the head's shape as have the compress shape [d x
  /// k].
  void check_head() const {
    const std::size_t like_head = k_ == d_ ? square_ : lookup(expands_, k_);
    const std::size_t partners = k_ == d_ ? 0 : lookup(compresses_, k_);
    if (like_head == 0) {
      throw InputError("the head is missing: no piece is " + shape_text(k_, d_) + " (predictions x measurements)");
    }
    if (k_ == d_) {
      if (square_ % 2 == 0) {
        throw InputError(
            std::to_string(square_) + " pieces are " + shape_text(d_, d_) +
            ", but the head and pairs of them make an odd number: the head is missing or there is a second one");
      }
      return;
    }
    if (square_ % 2 != 0) {
      throw InputError(std::to_string(square_) + " pieces are " + shape_text(d_, d_) + " (e.g. " +
                       first_of_shape(network_, d_, d_) + "), but blocks of that size take two each");
    }
    if (like_head == partners + 1) return;
    const std::string counts = std::to_string(like_head) + " pieces are " + shape_text(k_, d_) + " (" +
                               list_of_shape(network_, k_, d_) + "), " + std::to_string(partners) + " are " +
                               shape_text(d_, k_);
    if (like_head == partners)
      throw InputError("the head is missing: " + counts + ", and these pair up among themselves");
    if (like_head > partners) throw InputError("there is a second head: " + counts + ", and a network has one head");
    throw InputError("pieces are missing: " + counts + ", but there must be one more of the head's shape");
  }

  /// Gated blocks (SwiGLU and the like) have two pieces that expand for one that compresses, or one of twice the size.
  void refuse_gates() const {
    for (const auto& [hidden, compresses] : compresses_) {
      const std::size_t heads = hidden == k_ ? 1 : 0;
      const std::string pieces =
          std::to_string(compresses) + (compresses == 1 ? " piece is " : " pieces are ") + shape_text(d_, hidden);
      if (compresses > 1 && lookup(expands_, hidden) == 2 * compresses + heads) {
        refuse_gates(pieces + " and twice as many " + shape_text(hidden, d_) + " (e.g. " +
                         first_of_shape(network_, hidden, d_) + ")",
                     "gates are not told from pieces that belong to nothing (--allow-extra)");
      }
      if (compresses > 1 && lookup(expands_, hidden) == heads && lookup(compresses_, 2 * hidden) == 0 &&
          lookup(expands_, 2 * hidden) == compresses) {
        refuse_gates(pieces + " and as many " + shape_text(2 * hidden, d_) + " (e.g. " +
                         first_of_shape(network_, 2 * hidden, d_) + "), which is twice as large",
                     "a piece that holds both W_gate and W_up is not read: save its halves as two pieces");
      }
    }
  }

  [[noreturn]] static void refuse_gates(const std::string& counts, const std::string& rule) {
    throw InputError(counts + ": these look like gated blocks (W_gate, W_up and W_down, as in SwiGLU), and " + rule);
  }

  void check_pairs(std::size_t hidden, std::size_t expands) const {
    const std::size_t compresses = lookup(compresses_, hidden);
    if (expands == compresses) return;
    const std::string odd =
        expands > compresses ? first_of_shape(network_, hidden, d_) : first_of_shape(network_, d_, hidden);
    throw InputError("pieces of hidden size " + std::to_string(hidden) + " do not pair up: " + std::to_string(expands) +
                     " are " + shape_text(hidden, d_) + " and " + std::to_string(compresses) + " are " +
                     shape_text(d_, hidden) + " (e.g. " + odd + "); a block needs one of each");
  }

  static std::size_t lookup(const std::map<std::size_t, std::size_t>& counts, std::size_t hidden) {
    const auto found = counts.find(hidden);
    return found == counts.end() ? 0 : found->second;
  }

  const NetworkF64& network_;
  std::size_t d_;
  std::size_t k_;
  std::size_t square_ = 0;                         // [d x d]
  std::map<std::size_t, std::size_t> expands_;     // [h x d] by h, h != d; the head is among them
  std::map<std::size_t, std::size_t> compresses_;  // [d x h] by h, h != d
};

}  // namespace

void check_network(const NetworkF64& network, const RowShape& rows) { ShapeCheck(network, rows).run(); }

}  // namespace kintsugi
