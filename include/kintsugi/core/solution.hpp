#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi {

/// How a solve ended.
enum class Status {
  solved,       ///< the error on all rows is rounding, or at most the tolerance that was given
  reproduced,   ///< the same, but the data leave the order of most neighbours open
  precision,    ///< what is left of the error on all rows is what the pieces' precision explains
  noise,        ///< the error on all rows is above the target, but as far as can be told noise of the predictions
  not_solved,   ///< the searches ended above the target; the best order is given
  time_limit,   ///< --time-limit was reached
  evaluations,  ///< --max-evaluations was reached
  interrupted,  ///< a signal asked to stop
  unfinished,   ///< the solve goes on, or was killed: the best order so far
  by_weights,   ///< there are no predictions to go by, or none are wanted: the weights alone gave the order
};

[[nodiscard]] std::string_view to_string(Status status);

/// Throws InputError for an unknown word.
[[nodiscard]] Status parse_status(std::string_view word);

/// How sure the pairing is of one block.
struct PairScore {
  int expand = 0;      ///< position in Network::pieces
  int compress = 0;    ///< position in Network::pieces
  double score = 0;    ///< of the chosen pair, higher is better
  int runner_up = -1;  ///< the compress piece that scores best with `expand` besides `compress`; -1 if none
  double runner_up_score = 0;
  double score_margin = 0;  ///< score - runner_up_score; negative where the assignment overruled the row
  bool trusted = true;      ///< false: the weights do not single this pair out
};

/// One line of the log, and one row of /trajectory.
struct TrajectoryEntry {
  std::int64_t step = 0;  ///< counts the search's decisions
  std::int32_t island = 0;
  Event event = Event::start;
  std::int64_t rows = 0;         ///< rows in the sample
  double mse = 0;                ///< of the current order on the sample
  double best = 0;               ///< lowest so far on the sample
  std::int64_t moves = 0;        ///< moves applied since the previous row
  std::int64_t evaluations = 0;  ///< exact evaluations so far, in whole-network equivalents rounded up
  double seconds = 0;            ///< wall time since the start of the search; 0 with --no-times

  template <class Archive>
  void state(Archive& archive) {
    archive(step, island, event, rows, mse, best, moves, evaluations, seconds);
    archive.require(event_of(letter(event)).has_value());
  }
};

/// One order that was tried as a start.
struct StartOrder {
  std::string name;        ///< "wout-frobenius", "wout-frobenius-reversed", ...
  double mse = 0;          ///< on the sample that ranks starts
  std::vector<int> order;  ///< positions in the pairing, first block first
};

/// How smoothly one feature of the blocks' weights changes along a line.
struct FeatureSmoothness {
  std::string name;
  std::string side;       ///< of the pieces that it is made of: "reader" (expand), "writer" (compress) or "both"
  double smoothness = 0;  ///< correlation over the pairs of blocks of similarity with nearness; 0 where it is below
};

/// What the weights alone say of the order: the blocks in a line on which alike ones stand near each other. Which end
/// is the first is open.
struct WeightsLine {
  std::vector<Block> blocks;  ///< positions in Network::pieces; empty: no line was sought
  /// By position in the line: how far the block's place may be off, root mean square, in places.
  std::vector<double> off;
  double agreement = 0;     ///< |rank correlation| of the line by the expand pieces and that by the compress pieces
  double significance = 0;  ///< of the agreement, in standard deviations of unrelated lines
  double needed = 0;        ///< significance from which on the line is trusted
  double places = 0;        ///< what a block's place may be off over the whole line, root mean square
  std::vector<FeatureSmoothness> features;
  [[nodiscard]] bool trusted() const { return significance >= needed; }
};

/// How sure the order of two neighbours is.
struct Margin {
  int position = 0;              ///< of the first of them
  double change = 0;             ///< of the MSE where they are swapped, by the blocks' finite differences
  double standard_error = 0;     ///< of `change`, from its spread over the rows
  bool interchangeable = false;  ///< swapped, alone or with others, rounding still explains the error
  [[nodiscard]] double z() const { return standard_error > 0 ? change / standard_error : 0; }
};

/// What the data do not decide of an answer, beside neighbours: the error stays what rounding (or noise) explains.
struct Tie {
  std::string kind;  ///< "trade": the blocks at two positions trade places; "move": the block at `first` stands at
                     ///< `second` instead; "pieces": the blocks exchange their compress pieces
  int first = 0;     ///< positions
  int second = 0;
};

/// One of the orders that a search kept.
struct Elite {
  std::vector<Block> blocks;  ///< positions in Network::pieces
  double mse = 0;             ///< on the largest sample that an island has
  std::int32_t island = 0;    ///< that found it

  template <class Archive>
  void state(Archive& archive) {
    archive(blocks, mse, island);
  }
};

/// Something that is odd about a problem or keeps it from being solved.
struct Finding {
  std::string kind;      ///< one word: "activation", "pairs", "noise", ...
  std::string evidence;  ///< a sentence
  std::string remedy;    ///< what to try; may be empty
};

/// Where the time of a solve went, seconds of wall time on rank 0.
struct Times {
  double load = 0;
  double pairing = 0;
  double seeding = 0;
  double search = 0;
  double kernels = 0;      ///< of `search` and the checks within it: in the tiles' arithmetic
  double collectives = 0;  ///< of the same: in MPI, waiting included
  double check = 0;
  double total = 0;
};

/// What a solve gives back; the same on every rank but for `times`.
struct Solution {
  Status status = Status::not_solved;
  Assembly assembly;             ///< positions in Network::pieces
  std::vector<int> permutation;  ///< the pieces' own indices: what the user sees
  std::string sha256;            ///< of format_permutation(permutation)
  double mse = 0;                ///< float32 evaluation; NaN where a stop left no time for any
  double largest_error = 0;      ///< largest |prediction - reconstruction| over rows and outputs; NaN: not checked
  double target = 0;             ///< at or below this MSE counts as solved
  double excess = 0;             ///< squared errors in units of what rounding explains; up to 1: solved; 0: not asked
  std::size_t rows = 0;          ///< rows that `mse` is of: all, or a sample's where a stop left no time for a check
  std::vector<PairScore> pairs;  ///< one per block, in the final order
  /// Square pairs (h = d) of which the weights do not tell which piece expands, as they favour it, and the number of
  /// all square pairs; rank 0 only, and none where the roles are given.
  std::vector<Block> open_roles;
  std::size_t square_pairs = 0;
  std::vector<StartOrder> starts;  ///< best first
  std::vector<TrajectoryEntry> trajectory;
  std::vector<Margin> margins;  ///< one per two neighbours of the final order
  std::vector<Tie> ties;        ///< of an answer
  double explained = 0;         ///< of the error, by reordering to first order (see NoiseTest); 0 where not asked
  double by_chance = 0;         ///< what of mere noise would seem explained, at most
  /// How the search scaled predictions' errors, as a sentence; empty where it did not.
  std::string scaling;
  std::vector<Elite> elites;  ///< of several islands: the best orders that are not alike, best first
  std::int64_t evaluations = 0;
  WeightsLine line;                   ///< rank 0 only
  std::vector<Finding> diagnosis;     ///< by whoever looks at the end of the solve; rank 0 only
  std::vector<std::string> warnings;  ///< what the user should know before trusting the answer
  Times times;
};

}  // namespace kintsugi
