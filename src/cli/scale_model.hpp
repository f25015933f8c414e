#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace kintsugi::cli {

/// The sizes that a solve's cost depends on. All blocks have one hidden size; one island, whose ranks share the rows.
struct ScaleShape {
  std::size_t blocks = 0;  ///< L
  std::size_t width = 0;   ///< d
  std::size_t hidden = 0;  ///< h
  std::size_t outputs = 1;
  std::size_t rows = 0;
  std::size_t sample_rows = 0;  ///< of the search, at its largest
  std::size_t ranks = 1;
  std::size_t ranks_per_node = 1;
};

/// What one core, one node and the network between nodes can do. Rates of a core hold while its neighbours work too.
struct MachineRates {
  double products = 0;   ///< flop/s of a block's products, forward or adjoint, at the shape's width and hidden size
  double effects = 0;    ///< flop/s of kernels::pair_effects
  double screens = 0;    ///< flop/s of kernels::insertion_changes
  double bandwidth = 0;  ///< bytes/s that one core streams from memory
  double latency = 0;    ///< seconds for a message
  double link = 0;       ///< bytes/s of a message
};

/// One part of the work, on the rank that has most of it.
struct PhaseCost {
  std::string_view name{};
  double product_flops = 0;
  double efficiency = 1;  ///< share of MachineRates::products that these reach
  double effect_flops = 0;
  double screen_flops = 0;
  double streamed = 0;          ///< bytes read from memory in screens, besides those that the rates of kernels include
  double collectives = 0;       ///< number of all-reduces
  double collective_bytes = 0;  ///< of all of them, one way
};

/// Where the time of a solve goes, by counting what the code does. With T tiles of 32 rows, of which the busiest rank
/// has t = ceil(T / ranks), in the sample or in all:
///
///   pairing     rank 0: traces 2 L^2 h d, norms L^2 h^2, Gram matrices 2 L h^2 d (see pairing/statistics.hpp)
///   seeding     greedy roll-out L^2 / 2 blocks on the one tile that is half of the seeding sample, shared by the
///               ranks, and L that each rank does; all starts, ranked on both its tiles: 8 L blocks each, shared; L + 1
///               sums
///   linearise   2 L blocks, and 2 d L^2 a row for the pairs' effects; two sums
///   screen      5 L^2 a row, streaming the effects (4 L^2 bytes a row); one sum of L (2 L - 1) integers
///   evaluation  L blocks on the sample; one sum
///   annealing   a step: all pairs' effects go to every node, and 5 L moves are made on them, each of which tries 1.5 L
///   /
///               ln L positions on all rows of the table. Every move begins where the last one has led to, and a
///               position is too little to be shared: all ranks walk alike, and more of them do not make this part
///               faster
///   check       L blocks on all rows; two sums
///
/// A block is 4 h d flops a row. Sums of errors are of 7 integers. Products outside blocks (the head) are left out.
[[nodiscard]] std::vector<PhaseCost> model_phases(const ScaleShape& shape);

/// Seconds of a phase: arithmetic at its rate, or streaming where that takes longer, and its all-reduces. One over P
/// ranks takes ceil(log2 P) messages in turn, and its bytes move twice (Thakur, Rabenseifner, Gropp: Optimization of
/// Collective Communication Operations in MPICH, 2005: recursive doubling for short sums, Rabenseifner's algorithm for
/// long ones).
[[nodiscard]] double modelled_seconds(const PhaseCost& phase, const ScaleShape& shape, const MachineRates& rates);

/// Bytes that a solve holds at most, without what the program and MPI themselves need. A solve that ends unsolved looks
/// at its neighbours on all rows: its largest sample is all of them.
struct MemoryModel {
  double node = 0;       ///< weights, their transposes and annealing's table, once per node in shared memory
  double rank = 0;       ///< of each rank: rows, the first-order model of its tiles, passes, tables of moves
  double root = 0;       ///< of rank 0 besides: the pieces as they were read
  double root_peak = 0;  ///< of rank 0 at its largest, its node's shared memory included
  double rank_peak = 0;  ///< of another rank
};

[[nodiscard]] MemoryModel model_memory(const ScaleShape& shape);

/// Tiles of the busiest rank, of those that hold `rows` rows.
[[nodiscard]] std::size_t busiest_tiles(std::size_t rows, std::size_t ranks);

}  // namespace kintsugi::cli
