// What a solution.h5 has: its proper part through io, the optional tables here.

#include <algorithm>
#include <array>
#include <map>

#include "io/hdf5_columns.hpp"
#include "io/hdf5_reader.hpp"
#include "kintsugi/core/error.hpp"
#include "report/contents.hpp"

namespace kintsugi::report {

namespace {

/// The blocks of a permutation, which must have each of as many pieces once.
Assembly assembly_of(std::span<const int> permutation, const std::string& place) {
  try {
    return from_permutation(permutation);
  } catch (const InputError& error) {
    throw InputError(place + ": " + error.what());
  }
}

std::vector<int> sorted_expands(const std::vector<Block>& blocks) {
  std::vector<int> expands;
  for (const Block& block : blocks) expands.push_back(block.expand);
  std::ranges::sort(expands);
  return expands;
}

/// Where each block of the answer stands in `order`, which names blocks by their expand piece's rank.
std::vector<int> positions_in(const std::vector<int>& order, const std::vector<Block>& blocks,
                              const std::string& place) {
  std::vector<int> position_of(blocks.size(), -1);
  for (std::size_t p = 0; p < order.size(); ++p) {
    const auto number = static_cast<std::size_t>(order[p]);
    if (order.size() != blocks.size() || number >= blocks.size() || position_of[number] >= 0) {
      throw InputError(place + ": is not an order of the " + std::to_string(blocks.size()) + " blocks");
    }
    position_of[number] = static_cast<int>(p);
  }
  const std::vector<int> expands = sorted_expands(blocks);
  std::vector<int> positions;
  for (const Block& block : blocks) {
    const auto rank = std::ranges::lower_bound(expands, block.expand) - expands.begin();
    positions.push_back(position_of[static_cast<std::size_t>(rank)]);
  }
  return positions;
}

/// Sorts the margins by position, each of which must have a neighbour behind it.
void check_margins(std::vector<Margin>& margins, std::size_t length, const std::string& place) {
  for (std::size_t i = 0; i < margins.size(); ++i) {
    if (margins[i].position >= 0 && static_cast<std::size_t>(margins[i].position) + 1 < length) continue;
    throw InputError(place + ": position " + std::to_string(margins[i].position) + " in row " + std::to_string(i) +
                     " has no neighbour behind it in " + std::to_string(length) + " blocks");
  }
  std::ranges::sort(margins, {}, &Margin::position);
}

Elites read_elites(const h5::Reader& reader, const std::vector<Block>& blocks) {
  const h5::Group group = reader.group(reader.root(), "elites");
  const std::size_t pieces = 2 * blocks.size() + 1;
  const h5::Dataset errors = reader.dataset(group, "mse");
  if (errors.dims.size() != 1) throw InputError(errors.name + ": is not a list of numbers");
  const std::size_t count = errors.dims[0];
  Elites elites;
  elites.mse = h5::read_reals(reader, group, "mse", std::array{count});
  elites.island = h5::read_integers(reader, group, "island", std::array{count});
  const std::vector<int> orders = h5::read_integers(reader, group, "permutation", std::array{count, pieces});
  for (std::size_t e = 0; e < count; ++e) {
    const std::string place = reader.name() + ", /elites/permutation, row " + std::to_string(e);
    const Assembly elite = assembly_of(std::span(orders).subspan(e * pieces, pieces), place);
    std::map<std::pair<int, int>, int> position_of;
    for (std::size_t p = 0; p < elite.blocks.size(); ++p) {
      position_of[{elite.blocks[p].expand, elite.blocks[p].compress}] = static_cast<int>(p);
    }
    for (std::size_t t = 0; t < blocks.size(); ++t) {
      const auto found = position_of.find({blocks[t].expand, blocks[t].compress});
      elites.displacement.push_back(found == position_of.end() ? Elites::kOtherPair
                                                               : found->second - static_cast<int>(t));
    }
  }
  return elites;
}

}  // namespace

void add_line(Report& report, const WeightsLine& line, const std::string& place) {
  std::map<int, int> position_of;
  for (std::size_t t = 0; t < report.blocks.size(); ++t) position_of[report.blocks[t].expand] = static_cast<int>(t);
  LineFigures figures;
  figures.line = line;
  for (const Block& block : line.blocks) {
    const auto found = position_of.find(block.expand);
    if (found == position_of.end()) throw InputError(place + ": is no order of the answer's blocks");
    figures.places.push_back(found->second);
    position_of.erase(found);
  }
  if (!position_of.empty()) throw InputError(place + ": is no order of the answer's blocks");
  report.line = std::move(figures);
}

Report read_report(const std::filesystem::path& solution) {
  Report report;
  report.path = solution.string();
  report.stored = read_solution(solution);
  const Assembly answer = assembly_of(report.stored.solution.permutation, report.path + ", /permutation");
  report.blocks = answer.blocks;
  report.head = answer.head;
  for (const StartOrder& start : report.stored.solution.starts) {
    report.start_positions.push_back(
        positions_in(start.order, report.blocks, report.path + ", /start_orders, '" + start.name + "'"));
  }
  const std::size_t pairs = report.stored.solution.pairs.size();
  if (pairs != report.blocks.size()) {
    throw InputError(report.path + ", /pair_scores: has " + std::to_string(pairs) + " rows, but there are " +
                     std::to_string(report.blocks.size()) + " blocks");
  }
  check_margins(report.stored.solution.margins, report.blocks.size(), report.path + ", /margins");
  const h5::Reader reader(solution);
  const WeightsLine& line = report.stored.solution.line;
  if (!line.blocks.empty()) add_line(report, line, report.path + ", /line");
  if (reader.root().has("elites")) report.elites = read_elites(reader, report.blocks);
  return report;
}

}  // namespace kintsugi::report
