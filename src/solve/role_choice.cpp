#include "solve/role_choice.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/evaluator.hpp"
#include "objective/relaxed_pairing.hpp"
#include "pairing/orientation.hpp"
#include "pairing/pairing.hpp"
#include "solve/preparation.hpp"
#include "solve/quiet_observer.hpp"

namespace kintsugi {

namespace {

/// Of the random orders.
constexpr std::uint64_t kStream = 0x726F6C6573ULL;

/// What the weights leave open.
struct OpenRoles {
  Roles guess;                           // rank 0 only
  Blocks fixed;                          // blocks whose roles are known
  std::vector<std::vector<int>> groups;  // pieces that make blocks with each other
  Blocks given;                          // the start that the caller gave
};

/// Rank 0's part: no groups where nothing is open or the data cannot decide it.
OpenRoles look_at_weights(const Network& network, const RowShape& shape, const SolveOptions& options,
                          Solution& solution) {
  OpenRoles open;
  const RoleGuess guess = guess_roles(network, shape, options.given_expand, options.parameters.pairing);
  solution.square_pairs = guess.square.size();
  for (const DirectedPair& pair : guess.square) {
    if (!pair.sure) solution.open_roles.push_back({pair.expand, pair.compress});
  }
  if (!guess.head_sure || solution.open_roles.empty()) return open;
  open.guess = guess.roles;
  std::map<int, int> trusted;
  for (const PairScore& pair : pair_pieces(network, guess.roles, options.pairing, options.parameters.pairing).pairs) {
    open.fixed.push_back({pair.expand, pair.compress});
    if (pair.trusted) trusted[pair.expand] = pair.compress;
  }
  // What is sure is so of unrelated pieces; beside others that are not, the data are asked of it, too.
  std::set<int> in_groups;
  std::vector<int> anyone;
  for (const DirectedPair& pair : guess.square) {
    const auto found = trusted.find(pair.expand);
    const bool paired = found != trusted.end() && found->second == pair.compress;
    in_groups.insert({pair.expand, pair.compress});
    if (paired) {
      open.groups.push_back({pair.expand, pair.compress});
    } else {
      anyone.insert(anyone.end(), {pair.expand, pair.compress});
    }
  }
  std::erase_if(open.fixed, [&](const Block& block) { return in_groups.contains(block.expand); });
  std::ranges::sort(open.fixed, {}, &Block::expand);
  std::ranges::sort(anyone);
  if (!anyone.empty()) open.groups.push_back(std::move(anyone));
  if (!options.given_permutation.empty())
    open.given = from_permutation(to_positions(network, options.given_permutation)).blocks;
  return open;
}

/// Rank 0's values, to all.
void share(const mpi::Comm& world, OpenRoles& open) {
  std::vector<int> fixed;
  std::vector<int> flat;
  for (const Block& block : open.fixed) fixed.insert(fixed.end(), {block.expand, block.compress});
  for (const std::vector<int>& group : open.groups) {
    flat.push_back(static_cast<int>(group.size()));
    flat.insert(flat.end(), group.begin(), group.end());
  }
  std::vector<int> given;
  for (const Block& block : open.given) given.insert(given.end(), {block.expand, block.compress});
  world.broadcast(fixed);
  world.broadcast(flat);
  world.broadcast(given);
  open.given.clear();
  for (std::size_t i = 0; i < given.size(); i += 2) open.given.push_back({given[i], given[i + 1]});
  open.fixed.clear();
  open.groups.clear();
  for (std::size_t i = 0; i < fixed.size(); i += 2) open.fixed.push_back({fixed[i], fixed[i + 1]});
  for (auto at = flat.begin(); at != flat.end(); at += 1 + *at) open.groups.emplace_back(at + 1, at + 1 + *at);
}

/// Pieces' own indices, to be known on all ranks.
std::vector<int> share_indices(const mpi::Comm& world, const Network& network) {
  std::vector<int> indices;
  for (const Piece& piece : network.pieces) indices.push_back(piece.index);
  world.broadcast(indices);
  return indices;
}

class RoleChoice {
 public:
  RoleChoice(const mpi::Comm& world, const Network& network, RowSource& rows, SolveOptions& options, OpenRoles open,
             SolveObserver& observer)
      : world_(world),
        network_(network),
        rows_(rows),
        options_(options),
        observer_(observer),
        parameters_(options.parameters.role_choice),
        open_(std::move(open)),
        indices_(share_indices(world, network)),
        weights_(world, network, open_.guess),
        evaluator_(world, weights_, rows, choose_grid(world.size(), 0, 0, RowTiles::count(rows.shape().rows))),
        pairing_(evaluator_, relaxation(options.parameters), memory_budget(options.memory)) {
    for (const std::vector<int>& group : open_.groups) {
      if (group.size() > 2) loose_.insert(group.begin(), group.end());
    }
    // Of many loose pieces, unknowns are their square: a step takes longer, and fewer steps overfit.
    if (loose_.size() <= 2 * open_.groups.size()) return;
    parameters_.orders = (parameters_.orders + 1) / 2;
    parameters_.steps = (parameters_.steps + 1) / 2;
  }

  /// Gives the options what it finds; the evaluations that it took.
  std::int64_t run() {
    constexpr std::int64_t kMostGrowth = 4;
    Blocks blocks = open_.given.empty() ? from_random_orders() : open_.given;
    std::int64_t evaluations = parameters_.evaluations;
    std::set<int> before;
    for (std::int64_t trial = 0; trial < parameters_.trials && goes_on(); ++trial) {
      const std::set<int> roles = expand_of(blocks);
      if (roles == before) evaluations = std::min(2 * evaluations, kMostGrowth * parameters_.evaluations);
      before = roles;
      if (search(blocks, evaluations)) break;
      forget_given_start();
      try {
        blocks = at_order(blocks);
      } catch (const Stopped&) {
        break;
      }
    }
    // Where the run is to end, this is the answer.
    if (!goes_on()) start_at(blocks);
    for (const int piece : expand_of(blocks))
      options_.given_expand.push_back(indices_[static_cast<std::size_t>(piece)]);
    report_.loose = static_cast<std::int64_t>(loose_.size());
    report_.open = static_cast<std::int64_t>(open_.groups.size()) - (loose_.empty() ? 0 : 1);
    if (world_.root()) observer_.on_settled_roles(report_);
    return report_.evaluations;
  }

 private:
  static RelaxedPairingParameters relaxation(const Parameters& parameters) {
    RelaxedPairingParameters result = parameters.relaxed_pairing;
    result.damping = parameters.role_choice.damping;
    return result;
  }

  [[nodiscard]] bool goes_on() {
    std::int64_t stop = observer_.stop_requested() ? 1 : 0;
    if (stop_reason() != StopReason::none) stop = 1;
    world_.max(std::span(&stop, 1));
    return stop == 0;
  }

  /// A given start has roles of its own, which other ones do not fit.
  void forget_given_start() {
    if (open_.given.empty()) return;
    options_.start = "auto";
    options_.given_permutation.clear();
  }

  void start_at(const Blocks& blocks) {
    if (options_.start != "auto") return;
    options_.start = "given";
    options_.given_permutation.clear();
    for (const int piece : to_permutation({blocks, weights_.roles().head})) {
      options_.given_permutation.push_back(indices_[static_cast<std::size_t>(piece)]);
    }
  }

  /// All expand pieces of an order.
  static std::set<int> expand_of(const Blocks& blocks) {
    std::set<int> pieces;
    for (const Block& block : blocks) pieces.insert(block.expand);
    return pieces;
  }

  /// Shares at this order of units, from equal ones.
  std::vector<double> shares_of(const Blocks& units) {
    pairing_.start(ShareGroups(units, open_.groups));
    const std::size_t tiles = evaluator_.rows().tiles_for(static_cast<std::size_t>(parameters_.rows));
    for (std::int64_t step = 0; step < parameters_.steps && pairing_.step(tiles); ++step) {
    }
    return {pairing_.shares().begin(), pairing_.shares().end()};
  }

  Blocks from_random_orders() {
    Random random(options_.seed, kStream);
    std::vector<Blocks> items;
    for (const Block& block : open_.fixed) items.push_back({block});
    for (const std::vector<int>& group : open_.groups) {
      if (group.size() == 2)
        items.push_back({{group[0], group[0]}, {group[1], group[1]}});
      else
        for (const int piece : group) items.push_back({{piece, piece}});
    }
    Blocks units;
    for (std::int64_t order = 0; order < parameters_.orders; ++order) {
      random.shuffle(std::span(items));
      units.clear();
      for (const Blocks& item : items) units.insert(units.end(), item.begin(), item.end());
      add_to_average(shares_of(units), 1 / static_cast<double>(order + 1));
    }
    return rounded(average_, units);
  }

  void add_to_average(const std::vector<double>& latest, double share) {
    average_.resize(latest.size(), 0);
    for (std::size_t n = 0; n < latest.size(); ++n) average_[n] += share * (latest[n] - average_[n]);
  }

  /// The blocks that have the largest shares, each where the first of its pieces stands in `units`.
  [[nodiscard]] Blocks rounded(std::span<const double> shares, const Blocks& units) const {
    std::map<int, Block> block_of;
    std::size_t at = 0;
    for (const std::vector<int>& group : open_.groups) {
      const auto size = static_cast<Eigen::Index>(group.size());
      const pairing::Table x = Eigen::Map<const pairing::Table>(shares.data() + at, size, size);
      at += group.size() * group.size();
      for (const auto& [a, b] : pairing::match_symmetric(x.cwiseMax(x.transpose())).pairs) {
        const bool forward = x(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) >=
                             x(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(a));
        const Block block{group[forward ? a : b], group[forward ? b : a]};
        block_of[block.expand] = block_of[block.compress] = block;
      }
    }
    Blocks blocks;
    std::set<int> placed;
    for (const Block& unit : units) {
      const auto open = block_of.find(unit.expand);
      const Block block = open == block_of.end() ? unit : open->second;
      if (placed.insert(block.expand).second) blocks.push_back(block);
    }
    return blocks;
  }

  /// Roles by the order that a search has come to, and by all before it, whichever leaves less of the error.
  Blocks at_order(const Blocks& order) {
    const std::set<int> fixed = expand_of(open_.fixed);
    Blocks units;
    for (const Block& block : order) {
      if (fixed.contains(block.expand))
        units.push_back(block);
      else
        units.insert(units.end(), {{block.expand, block.expand}, {block.compress, block.compress}});
    }
    const std::vector<double> latest = shares_of(units);
    add_to_average(latest, parameters_.latest);
    const Blocks found[] = {rounded(average_, units), rounded(latest, units)};
    const std::size_t tiles = evaluator_.rows().tiles_for(static_cast<std::size_t>(parameters_.rows));
    return found[evaluator_.best_of(order, found, tiles).index];
  }

  /// A search with these roles: `blocks` becomes what it has come to. Whether that solves the problem.
  bool search(Blocks& blocks, std::int64_t evaluations) {
    SolveOptions options = options_;
    // Where roles stay, another search may still come to a better order.
    options.seed += static_cast<std::uint64_t>(report_.trials);
    options.islands = 1;
    options.candidate_groups = options.row_groups = 0;
    options.max_evaluations = evaluations;
    for (const int piece : expand_of(blocks)) options.given_expand.push_back(indices_[static_cast<std::size_t>(piece)]);
    QuietObserver quiet(observer_);
    const Solution solution = solve(world_, network_, rows_, options, quiet);
    blocks = solution.assembly.blocks;
    report_.evaluations += solution.evaluations;
    ++report_.trials;
    const bool solved =
        solution.status == Status::solved || solution.status == Status::precision || solution.status == Status::noise;
    if (solved && options_.start == "auto") {
      options_.start = "given";
      options_.given_permutation = solution.permutation;
    }
    return solved;
  }

  const mpi::Comm& world_;
  const Network& network_;
  RowSource& rows_;
  SolveOptions& options_;
  SolveObserver& observer_;
  RoleChoiceParameters parameters_;
  OpenRoles open_;
  std::vector<int> indices_;
  std::set<int> loose_;  // pieces whose partners are open, too
  SharedWeights weights_;
  Evaluator evaluator_;
  RelaxedPairing pairing_;
  std::vector<double> average_;
  SettledRoles report_;
};

}  // namespace

void guess_roles_in(const mpi::Comm& world, const Network& network, const RowShape& shape,
                    PreparationOptions& options) {
  if (!options.given_expand.empty()) return;
  world.agree([&] {
    if (!world.root()) return;
    const RoleGuess guess = guess_roles(network, shape, {});
    if (!guess.head_sure || guess.square.empty()) return;
    for (const int piece : guess.roles.expand) options.given_expand.push_back(network.index_of(piece));
  });
  world.broadcast(options.given_expand);
}

bool are_roles_open(const mpi::Comm& world, const Network& network, const RowShape& shape,
                    const SolveOptions& options) {
  if (!options.given_expand.empty()) return false;
  std::vector<int> open{0};
  world.agree([&] {
    if (!world.root()) return;
    const RoleGuess guess = guess_roles(network, shape, {}, options.parameters.pairing);
    open[0] = std::ranges::all_of(guess.square, &DirectedPair::sure) ? 0 : 1;
  });
  world.broadcast(open);
  return open[0] != 0;
}

void settle_roles(const mpi::Comm& world, const Network& network, RowSource& rows, SolveOptions& options,
                  SolveObserver& observer, Solution& solution) {
  if (!options.given_expand.empty() || options.without_predictions) return;
  OpenRoles open;
  world.agree([&] {
    if (world.root()) open = look_at_weights(network, rows.shape(), options, solution);
  });
  share(world, open);
  if (open.groups.empty()) return;
  const kernels::FlushDenormals flushed;
  solution.evaluations += RoleChoice(world, network, rows, options, std::move(open), observer).run();
}

}  // namespace kintsugi
