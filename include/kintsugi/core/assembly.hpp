#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// An expand and a compress piece that belong together, by position in `Network::pieces`.
struct Block {
  int expand = 0;
  int compress = 0;
  friend bool operator==(const Block&, const Block&) = default;
};

/// A whole answer: the blocks in order, and the head. Members are positions in `Network::pieces`.
struct Assembly {
  std::vector<Block> blocks;
  int head = 0;
  friend bool operator==(const Assembly&, const Assembly&) = default;
};

/// The roles of the pieces, by position in `Network::pieces`.
struct Roles {
  std::vector<int> expand;    ///< [h_b x d], ascending
  std::vector<int> compress;  ///< [d x h_b], ascending; as many as `expand`
  int head = 0;               ///< [k x d]
  std::size_t width = 0;      ///< d
  std::size_t outputs = 0;    ///< k
};

/// The permutation as the puzzle writes it: expand, compress, ..., head, by position in `Network::pieces`.
[[nodiscard]] std::vector<int> to_permutation(const Assembly& assembly);

/// The inverse of to_permutation. Throws InputError unless `permutation` is odd in length and names each of
/// 0 .. size-1 once.
[[nodiscard]] Assembly from_permutation(std::span<const int> permutation);

/// The permutation of the same blocks in the other direction; the head stays the last. Throws InputError as
/// from_permutation() does on its length.
[[nodiscard]] std::vector<int> reversed(std::span<const int> permutation);

/// "3,1,4": indices joined by commas, no spaces, no newline: the text whose SHA-256 the puzzle publishes.
[[nodiscard]] std::string format_permutation(std::span<const int> permutation);

/// Reads "3, 1, 4": whole numbers separated by commas, semicolons or white space, maybe in [] or (), with comments from
/// # to the end of a line. Throws InputError that names `origin` and the place.
[[nodiscard]] std::vector<int> parse_permutation(std::string_view text, const std::string& origin);

/// Lower-case hexadecimal SHA-256 of `text`.
[[nodiscard]] std::string sha256_hex(std::string_view text);

/// Number of pairs of elements that stand in another order in `a` than in `b` (Kendall distance), by merge sort.
/// Both are permutations of the same elements 0 .. n-1.
[[nodiscard]] std::size_t kendall_distance(std::span<const int> a, std::span<const int> b);

}  // namespace kintsugi
