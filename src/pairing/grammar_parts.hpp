#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/part_rules.hpp"
#include "kintsugi/core/parameters.hpp"
#include "pairing/grammar.hpp"

namespace kintsugi::grammar {

/// The pieces by what shapes say of them; positions in network.pieces.
struct Sorted {
  std::vector<std::size_t> vectors;
  std::vector<std::size_t> expand;  // gates among them; the head is not, where its shape is its own
  std::vector<std::size_t> compress;
  std::optional<std::size_t> head;
  bool gated = false;  // twice as many expand as compress pieces
  bool fused = false;  // expand pieces have twice the rows that compress pieces have columns

  /// Vectors beyond those of the blocks: one, which stands before the head, or none.
  [[nodiscard]] std::size_t before_head() const {
    return compress.size() > 1 && vectors.size() % compress.size() == 1 ? 1 : 0;
  }
};

/// A part and the piece that it belongs to; positions.
struct Found {
  PartKind kind;
  std::size_t part;
  std::size_t owner;
};

/// What was found. `gate_first`: of fused pieces, whose first rows are the gate's.
struct Grouped {
  std::vector<Found> found;
  bool gate_first = true;
  OpenParts open;
  std::string evidence;
};

[[nodiscard]] std::string describe(const PieceF64& piece);

/// Where each block's name gathers its parts, and words say which is which; else nothing. `order_open`: of fused
/// pieces, no word says which half is the gate.
[[nodiscard]] std::optional<Grouped> group_by_names(const NetworkF64& network, const Sorted& sorted, bool& order_open);

/// By what goes together in the weights. Throws InputError where they say nothing of gates.
[[nodiscard]] Grouped group_by_weights(const NetworkF64& network, const Sorted& sorted, const FormHints& hints,
                                       const GrammarParameters& parameters);

/// Which half of fused pieces is the gate, by the weights alone.
void find_gate_half(const NetworkF64& network, const Sorted& sorted, const GrammarParameters& parameters,
                    Grouped& result);

}  // namespace kintsugi::grammar
