// What `kintsugi analyze` writes, each part as far as it is there.

#include <algorithm>
#include <array>

#include "io/analysis_file.hpp"
#include "io/file_format.hpp"
#include "io/hdf5_columns.hpp"
#include "io/hdf5_reader.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// What the versions of the format call the starts.
struct StartNames {
  std::string list;
  std::string orders;
  std::string attribute;
};

StartNames start_names_of(std::int64_t version) {
  if (version == 1) return {"seeds", "seed_orders", "seed"};
  return {"starts", "start_orders", "start"};
}

/// Scores of the file, which lists expand and compress pieces in ascending order, by the answer's positions.
std::vector<ScoreTable> read_scores(const h5::Reader& reader, const std::vector<Block>& blocks) {
  std::vector<ScoreTable> tables;
  if (!reader.root().has("pairing")) return tables;
  const h5::Group pairing = reader.group(reader.root(), "pairing");
  if (!pairing.has("scores")) return tables;
  const h5::Group scores = reader.group(pairing, "scores");
  const std::size_t length = blocks.size();
  std::vector<int> expands;
  std::vector<int> compresses;
  for (const Block& block : blocks) {
    expands.push_back(block.expand);
    compresses.push_back(block.compress);
  }
  std::ranges::sort(expands);
  std::ranges::sort(compresses);
  const auto rank = [](const std::vector<int>& sorted, int piece) {
    return static_cast<std::size_t>(std::ranges::lower_bound(sorted, piece) - sorted.begin());
  };
  for (const std::string& name : scores.links()) {
    const std::vector<double> stored = h5::read_reals(reader, scores, name, std::array{length, length});
    ScoreTable table{name, {}};
    for (const Block& row : blocks) {
      const std::size_t first = rank(expands, row.expand) * length;
      for (const Block& column : blocks) table.score.push_back(stored[first + rank(compresses, column.compress)]);
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<StartStudy> read_starts(const h5::Reader& reader, const StartNames& names) {
  if (!reader.root().has(names.list)) return {};
  const h5::Columns table(reader, reader.root(), names.list);
  const std::vector<std::string> name = table.texts("name");
  const std::vector<std::string> direction = table.texts("direction");
  const std::vector<double> mse = table.reals("mse");
  const std::vector<double> inversions = table.reals("inversions");
  const std::vector<double> tau = table.reals("kendall_tau");
  const std::vector<double> correlation = table.reals("rank_correlation");
  std::vector<StartStudy> starts;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    starts.push_back({name[i], direction[i] == "reversed", {}, mse[i], {inversions[i], tau[i], correlation[i]}});
  }
  return starts;
}

/// An attribute that older files do not have: NaN there.
double optional_real(const h5::Group& group, const std::string& name) {
  return h5::has_attribute(group, name) ? h5::real_attribute(group, name) : StoredAnalysis::kNone;
}

/// The blocks of a study's start in its order; none where the file lacks the start, its order or the pairs.
std::vector<Block> read_start_blocks(const h5::Reader& reader, const StartNames& names, const std::string& start,
                                     std::size_t length) {
  const h5::Group& root = reader.root();
  if (!root.has("pairing") || !root.has(names.list) || !root.has(names.orders)) return {};
  const h5::Group pairing = reader.group(root, "pairing");
  if (!pairing.has("expand") || !pairing.has("compress") || !pairing.has("chosen")) return {};
  const std::vector<StartStudy> starts = read_starts(reader, names);
  const auto found = std::ranges::find(starts, start, full_name);
  if (found == starts.end()) return {};
  const std::vector<int> expand = h5::read_integers(reader, pairing, "expand", std::array{length});
  const std::vector<int> compress = h5::read_integers(reader, pairing, "compress", std::array{length});
  const std::vector<int> chosen = h5::read_integers(reader, pairing, "chosen", std::array{length});
  const std::vector<int> orders = h5::read_integers(reader, root, names.orders, std::array{starts.size(), length});
  const auto below_length = [&](int number, const std::string& place) {
    if (number >= 0 && static_cast<std::size_t>(number) < length) return static_cast<std::size_t>(number);
    throw InputError(reader.name() + ", " + place + ": " + std::to_string(number) + " is not one of " +
                     std::to_string(length) + " blocks");
  };
  std::vector<Block> blocks;
  for (std::size_t t = 0; t < length; ++t) {
    const int number = orders[static_cast<std::size_t>(found - starts.begin()) * length + t];
    const std::size_t block = below_length(number, "/" + names.orders);
    blocks.push_back({expand[block], compress[below_length(chosen[block], "/pairing/chosen")]});
  }
  return blocks;
}

std::optional<StoredAnalysis::BradleyTerry> read_bradley_terry(const h5::Reader& reader, const StartNames& names,
                                                               std::size_t length) {
  if (!reader.root().has("bradley_terry")) return std::nullopt;
  const h5::Group group = reader.group(reader.root(), "bradley_terry");
  StoredAnalysis::BradleyTerry result;
  result.gains = h5::read_reals(reader, group, "gains", std::array{length, length});
  result.strengths = h5::read_reals(reader, group, "strengths", std::array{length});
  result.order = h5::read_integers(reader, group, "order", std::array{length});
  result.temperature = h5::real_attribute(group, "temperature");
  result.mse = optional_real(group, "mse");
  result.inversions = optional_real(group, "inversions");
  if (!h5::has_attribute(group, names.attribute)) return result;
  result.start = h5::text_attribute(group, names.attribute);
  result.blocks = read_start_blocks(reader, names, result.start, length);
  return result;
}

std::optional<StoredAnalysis::Transitivity> read_transitivity(const h5::Reader& reader, std::size_t length) {
  if (!reader.root().has("transitivity")) return std::nullopt;
  const h5::Group group = reader.group(reader.root(), "transitivity");
  StoredAnalysis::Transitivity result;
  result.triples = h5::integer_attribute(group, "triples");
  result.cyclic = h5::integer_attribute(group, "cyclic");
  result.mean_span_cyclic = optional_real(group, "mean_span_cyclic");
  result.mean_span_all = optional_real(group, "mean_span_all");
  result.median_margin_cyclic = optional_real(group, "median_margin_cyclic");
  result.median_margin_transitive = optional_real(group, "median_margin_transitive");
  if (!group.has("cyclic")) return result;
  const h5::Columns table(reader, group, "cyclic");
  const std::vector<std::int64_t> a = table.integers("a");
  const std::vector<std::int64_t> b = table.integers("b");
  const std::vector<std::int64_t> c = table.integers("c");
  const std::vector<double> margin = table.reals("weakest_margin");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto [low, high] = std::minmax({a[i], b[i], c[i]});
    if (low < 0 || high >= static_cast<std::int64_t>(length)) {
      throw InputError(reader.name() + ", /transitivity/cyclic: row " + std::to_string(i) +
                       " names a position not in " + std::to_string(length) + " blocks");
    }
    result.list.push_back({static_cast<int>(a[i]), static_cast<int>(b[i]), static_cast<int>(c[i]), margin[i]});
  }
  return result;
}

std::vector<RepairRound> read_repair(const h5::Reader& reader) {
  if (!reader.root().has("repair")) return {};
  const h5::Columns table(reader, reader.root(), "repair");
  const std::vector<std::string> start = table.texts("start");
  const std::vector<std::int64_t> round = table.integers("round");
  const std::vector<std::int64_t> swaps = table.integers("swaps");
  const std::vector<std::int64_t> cumulative = table.integers("cumulative");
  const std::vector<double> mse = table.reals("mse");
  std::vector<RepairRound> rounds;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    rounds.push_back({start[i], static_cast<std::int32_t>(round[i]), swaps[i], cumulative[i], mse[i]});
  }
  return rounds;
}

std::vector<SearchStudy> read_searches(const h5::Reader& reader) {
  if (!reader.root().has("searches")) return {};
  const h5::Columns table(reader, reader.root(), "searches");
  const std::vector<std::string> name = table.texts("name");
  const std::vector<std::int64_t> evaluations = table.integers("evaluations");
  const std::vector<double> mse = table.reals("mse");
  const std::vector<std::int64_t> solved = table.integers("solved");
  std::vector<SearchStudy> searches;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    searches.push_back({name[i], evaluations[i], mse[i], solved[i] != 0});
  }
  return searches;
}

}  // namespace

StoredAnalysis read_analysis(const std::filesystem::path& path, const std::vector<Block>& blocks) {
  const h5::Reader reader(path);
  const StartNames names = start_names_of(require_format(reader.root(), kAnalysisFormat));
  StoredAnalysis stored;
  stored.path = path.string();
  stored.scores = read_scores(reader, blocks);
  stored.starts = read_starts(reader, names);
  stored.bradley_terry = read_bradley_terry(reader, names, blocks.size());
  stored.transitivity = read_transitivity(reader, blocks.size());
  stored.repair = read_repair(reader);
  stored.searches = read_searches(reader);
  return stored;
}

}  // namespace kintsugi
