#include "kintsugi/io/solution_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "io/atomic_file.hpp"
#include "io/file_bytes.hpp"
#include "io/file_format.hpp"
#include "io/hdf5.hpp"
#include "io/hdf5_columns.hpp"
#include "io/hdf5_reader.hpp"
#include "io/hdf5_table.hpp"
#include "io/piece_list.hpp"
#include "io/problem_mark.hpp"
#include "io/weights_line_file.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/search_state.hpp"

namespace kintsugi {

namespace {

using h5::RowType;

constexpr std::array<std::pair<const char*, double Times::*>, 8> kTimes{{{"seconds_load", &Times::load},
                                                                         {"seconds_pairing", &Times::pairing},
                                                                         {"seconds_seeding", &Times::seeding},
                                                                         {"seconds_search", &Times::search},
                                                                         {"seconds_kernels", &Times::kernels},
                                                                         {"seconds_collectives", &Times::collectives},
                                                                         {"seconds_check", &Times::check},
                                                                         {"seconds_total", &Times::total}}};

// ---- compound rows ----

struct PairRow {
  std::int32_t expand = 0;
  std::int32_t compress = 0;
  double score = 0;
  std::int32_t runner_up = 0;
  double runner_up_score = 0;
  double score_margin = 0;
  std::int8_t trusted = 0;
};

RowType<PairRow> pair_row_type() {
  return {{"expand", &PairRow::expand},
          {"compress", &PairRow::compress},
          {"score", &PairRow::score},
          {"runner_up", &PairRow::runner_up},
          {"runner_up_score", &PairRow::runner_up_score},
          {"margin", &PairRow::score_margin},
          {"trusted", &PairRow::trusted}};
}

/// A start without its order, which is a row of /start_orders.
struct StartRow {
  const char* name = nullptr;
  double mse = 0;
};

RowType<StartRow> start_row_type() { return {{"name", &StartRow::name}, {"mse", &StartRow::mse}}; }

RowType<TrajectoryEntry> trajectory_row_type() {
  return {{"step", &TrajectoryEntry::step},      {"island", &TrajectoryEntry::island},
          {"event", &TrajectoryEntry::event},    {"rows", &TrajectoryEntry::rows},
          {"mse", &TrajectoryEntry::mse},        {"best", &TrajectoryEntry::best},
          {"moves", &TrajectoryEntry::moves},    {"evaluations", &TrajectoryEntry::evaluations},
          {"seconds", &TrajectoryEntry::seconds}};
}

/// Without the event, which files have in two forms.
RowType<TrajectoryEntry> plain_trajectory_row_type() {
  return {{"step", &TrajectoryEntry::step},
          {"island", &TrajectoryEntry::island},
          {"rows", &TrajectoryEntry::rows},
          {"mse", &TrajectoryEntry::mse},
          {"best", &TrajectoryEntry::best},
          {"moves", &TrajectoryEntry::moves},
          {"evaluations", &TrajectoryEntry::evaluations},
          {"seconds", &TrajectoryEntry::seconds}};
}

struct MarginRow {
  std::int32_t position = 0;
  std::int32_t first_expand = 0;
  std::int32_t second_expand = 0;
  double change = 0;
  double standard_error = 0;
  double z = 0;
  std::int8_t interchangeable = 0;
};

RowType<MarginRow> margin_row_type() {
  return {{"position", &MarginRow::position},
          {"first_expand", &MarginRow::first_expand},
          {"second_expand", &MarginRow::second_expand},
          {"change", &MarginRow::change},
          {"standard_error", &MarginRow::standard_error},
          {"z", &MarginRow::z},
          {"interchangeable", &MarginRow::interchangeable}};
}

// ---- plain arrays ----

void write_integers(h5::Image& image, const char* name, std::span<const hsize_t> dims, std::span<const int> values) {
  image.dataset(image.root(), name, dims, H5T_STD_I32LE, H5T_NATIVE_INT, values.data());
}

void write_texts(h5::Image& image, const char* name, std::span<const std::string> texts) {
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  std::string letters;
  letters.reserve(longest * texts.size());
  for (const std::string& text : texts) letters.append(text).resize(letters.size() - text.size() + longest, '\0');
  const h5::Handle type = h5::text_type(longest);
  image.dataset(image.root(), name, std::array<hsize_t, 1>{texts.size()}, type.id(), type.id(), letters.data());
}

// ---- writing ----

void write_attributes(h5::Image& image, const Solution& solution, const RunFacts& facts) {
  const hid_t root = image.root();
  put_format(image, kSolutionFormat);
  image.attribute(root, "status", std::string(to_string(solution.status)));
  image.attribute(root, "exit_code", std::int64_t{facts.exit_code});
  image.attribute(root, "mse", solution.mse);
  image.attribute(root, "largest_error", solution.largest_error);
  image.attribute(root, "target", solution.target);
  image.attribute(root, "explained", solution.explained);
  image.attribute(root, "explained_by_chance", solution.by_chance);
  image.attribute(root, "rows", static_cast<std::int64_t>(solution.rows));
  image.attribute(root, "evaluations", solution.evaluations);
  image.attribute(root, "sha256", solution.sha256);
  image.attribute(root, "problem", facts.problem);
  image.attribute(root, "options", facts.options);
  image.attribute(root, "version", facts.version);
  image.attribute(root, "revision", facts.revision);
  image.attribute(root, "parameters", facts.parameters);
  image.attribute(root, "state_layout", kStateLayout);
  image.attribute(root, "ranks", std::int64_t{facts.ranks});
  image.attribute(root, "islands", std::int64_t{facts.islands});
  image.attribute(root, "seed", facts.seed);
  put_problem_mark(image, facts.fingerprint);
  image.attribute(root, "host", facts.host);
  image.attribute(root, "date", facts.date);
  image.attribute(root, "launch", facts.launch);
  for (const auto& [name, member] : kTimes) image.attribute(root, name, solution.times.*member);
}

/// Blocks are numbered by their expand piece, ascending: /pairing lists them so, /order is the answer in these numbers.
void write_answer(h5::Image& image, const Network& network, const Solution& solution) {
  const auto index = [&](int position) { return network.index_of(position); };
  const std::vector<Block>& blocks = solution.assembly.blocks;
  std::vector<int> expands;
  for (const Block& block : blocks) expands.push_back(index(block.expand));
  std::sort(expands.begin(), expands.end());

  std::vector<int> order;
  std::vector<int> pairing(2 * blocks.size());
  for (const Block& block : blocks) {
    const auto number = std::lower_bound(expands.begin(), expands.end(), index(block.expand)) - expands.begin();
    order.push_back(static_cast<int>(number));
    pairing[2 * static_cast<std::size_t>(number)] = index(block.expand);
    pairing[2 * static_cast<std::size_t>(number) + 1] = index(block.compress);
  }
  write_integers(image, "permutation", std::array<hsize_t, 1>{solution.permutation.size()}, solution.permutation);
  write_integers(image, "order", std::array<hsize_t, 1>{order.size()}, order);
  write_integers(image, "pairing", std::array<hsize_t, 2>{blocks.size(), 2}, pairing);
}

void write_pairs(h5::Image& image, const Network& network, const Solution& solution) {
  const auto index = [&](int position) { return network.index_of(position); };
  std::vector<PairRow> rows;
  for (const PairScore& pair : solution.pairs) {
    rows.push_back({index(pair.expand), index(pair.compress), pair.score, index(pair.runner_up), pair.runner_up_score,
                    pair.score_margin, pair.trusted ? std::int8_t{1} : std::int8_t{0}});
  }
  h5::write_rows(image, image.root(), "pair_scores", pair_row_type(), rows);
}

void write_starts(h5::Image& image, const Solution& solution) {
  const std::size_t length = solution.assembly.blocks.size();
  std::vector<StartRow> rows;
  std::vector<int> orders;
  for (const StartOrder& start : solution.starts) {
    if (start.order.size() != length) throw InternalError("write_solution: a start's order has the wrong length");
    rows.push_back({start.name.c_str(), start.mse});
    orders.insert(orders.end(), start.order.begin(), start.order.end());
  }
  h5::write_rows(image, image.root(), "starts", start_row_type(), rows);
  write_integers(image, "start_orders", std::array<hsize_t, 2>{rows.size(), length}, orders);
}

void write_trajectory(h5::Image& image, const Solution& solution) {
  h5::write_rows(image, image.root(), "trajectory", trajectory_row_type(), solution.trajectory);
}

void write_margins(h5::Image& image, const Network& network, const Solution& solution) {
  const std::vector<Block>& blocks = solution.assembly.blocks;
  const auto expand = [&](std::size_t position) { return network.index_of(blocks.at(position).expand); };
  std::vector<MarginRow> rows;
  for (const Margin& margin : solution.margins) {
    const auto first = static_cast<std::size_t>(margin.position);
    rows.push_back({margin.position, expand(first), expand(first + 1), margin.change, margin.standard_error, margin.z(),
                    margin.interchangeable ? std::int8_t{1} : std::int8_t{0}});
  }
  h5::write_rows(image, image.root(), "margins", margin_row_type(), rows);
}

/// Where no line was sought, there is nothing.
void write_line(h5::Image& image, const Network& network, const Solution& solution) {
  WeightsLine line = solution.line;
  for (Block& block : line.blocks) block = {network.index_of(block.expand), network.index_of(block.compress)};
  put_weights_line(image, line);
  if (solution.status != Status::by_weights) return;
  const std::vector<int> other_end = reversed(solution.permutation);
  write_integers(image, "reversed", std::array<hsize_t, 1>{other_end.size()}, other_end);
}

void write_elites(h5::Image& image, const Network& network, const Solution& solution) {
  std::vector<int> permutations;
  std::vector<double> errors;
  std::vector<int> islands;
  for (const Elite& elite : solution.elites) {
    for (const int position : to_permutation({elite.blocks, solution.assembly.head})) {
      permutations.push_back(network.index_of(position));
    }
    errors.push_back(elite.mse);
    islands.push_back(elite.island);
  }
  const hsize_t count = errors.size();
  const h5::Handle group = image.group(image.root(), "elites");
  image.dataset(group.id(), "permutation", std::array<hsize_t, 2>{count, solution.permutation.size()}, H5T_STD_I32LE,
                H5T_NATIVE_INT, permutations.data());
  image.dataset(group.id(), "mse", std::array<hsize_t, 1>{count}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, errors.data());
  image.dataset(group.id(), "island", std::array<hsize_t, 1>{count}, H5T_STD_I32LE, H5T_NATIVE_INT, islands.data());
}

struct FindingRow {
  const char* kind = nullptr;
  const char* evidence = nullptr;
  const char* remedy = nullptr;
};

void write_diagnosis(h5::Image& image, const std::vector<Finding>& diagnosis) {
  std::vector<FindingRow> rows;
  rows.reserve(diagnosis.size());
  for (const Finding& each : diagnosis) rows.push_back({each.kind.c_str(), each.evidence.c_str(), each.remedy.c_str()});
  const h5::RowType<FindingRow> type{
      {"kind", &FindingRow::kind}, {"evidence", &FindingRow::evidence}, {"remedy", &FindingRow::remedy}};
  h5::write_rows(image, image.root(), "diagnosis", type, rows);
}

struct TieRow {
  const char* kind = nullptr;
  std::int32_t first = 0;
  std::int32_t second = 0;
};

void write_ties(h5::Image& image, const std::vector<Tie>& ties) {
  std::vector<TieRow> rows;
  rows.reserve(ties.size());
  for (const Tie& each : ties) rows.push_back({each.kind.c_str(), each.first, each.second});
  const h5::RowType<TieRow> type{{"kind", &TieRow::kind}, {"first", &TieRow::first}, {"second", &TieRow::second}};
  h5::write_rows(image, image.root(), "ties", type, rows);
}

std::vector<Finding> read_diagnosis(const h5::Reader& reader) {
  std::vector<Finding> diagnosis;
  if (!reader.root().has("diagnosis")) return diagnosis;
  const h5::Columns table(reader, reader.root(), "diagnosis");
  const std::vector<std::string> kinds = table.texts("kind");
  const std::vector<std::string> evidence = table.texts("evidence");
  const std::vector<std::string> remedies = table.texts("remedy");
  diagnosis.reserve(kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) diagnosis.push_back({kinds[i], evidence[i], remedies[i]});
  return diagnosis;
}

}  // namespace

void write_solution(const std::filesystem::path& path, const Network& network, const Solution& solution,
                    const RunFacts& facts) {
  const h5::SilentErrors silent;
  constexpr std::size_t kExpected = std::size_t{64} << 10;
  h5::Image image(kExpected + solution.trajectory.size() * sizeof(TrajectoryEntry));
  write_attributes(image, solution, facts);
  write_answer(image, network, solution);
  write_pairs(image, network, solution);
  write_starts(image, solution);
  write_trajectory(image, solution);
  write_margins(image, network, solution);
  write_elites(image, network, solution);
  write_line(image, network, solution);
  write_ties(image, solution.ties);
  write_diagnosis(image, solution.diagnosis);
  write_texts(image, "warnings", solution.warnings);
  write_file_atomically(path, image.finish_with_sum());
}

// ---- reading ----

namespace {

/// The values of an integer data set of `rank` dimensions, which go to `dims`.
std::vector<int> read_integers(const h5::Reader& reader, const char* name, std::size_t rank,
                               std::vector<std::size_t>& dims) {
  const h5::Dataset set = reader.dataset(reader.root(), name);
  if (set.dims.size() != rank) {
    throw InputError(set.name + ": is not an array of integers with " + std::to_string(rank) + " dimensions");
  }
  dims = set.dims;
  return h5::as_ints(reader.integers(set), set.name);
}

std::vector<int> read_permutation(const h5::Reader& reader) {
  std::vector<std::size_t> dims;
  return read_integers(reader, "permutation", 1, dims);
}

std::vector<StartOrder> read_starts(const h5::Reader& reader, std::int64_t version) {
  const char* const list = version == 1 ? "seeds" : "starts";
  const char* const order_list = version == 1 ? "seed_orders" : "start_orders";
  const h5::Columns table(reader, reader.root(), list);
  const std::vector<std::string> names = table.texts("name");
  const std::vector<double> errors = table.reals("mse");
  std::vector<std::size_t> dims;
  const std::vector<int> orders = read_integers(reader, order_list, 2, dims);
  if (dims[0] != names.size()) {
    throw InputError(reader.name() + ", /" + order_list + ": has " + std::to_string(dims[0]) + " rows, but /" + list +
                     " has " + std::to_string(names.size()));
  }
  std::vector<StartOrder> starts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto first = orders.begin() + static_cast<std::ptrdiff_t>(i * dims[1]);
    starts.push_back({names[i], errors[i], {first, first + static_cast<std::ptrdiff_t>(dims[1])}});
  }
  return starts;
}

/// Events are an enumeration; before version 3 they were letters.
std::vector<TrajectoryEntry> read_trajectory(const h5::Reader& reader) {
  const h5::Columns table(reader, reader.root(), "trajectory");
  const std::vector<std::int64_t> letters = table.codes("event");
  std::vector<TrajectoryEntry> rows = h5::read_rows(reader, "trajectory", plain_trajectory_row_type());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::optional<Event> event = event_of(static_cast<char>(letters[i]));
    if (!event) throw InputError(reader.name() + ", /trajectory: row " + std::to_string(i) + " has an unknown event");
    rows[i].event = *event;
  }
  return rows;
}

RunFacts read_facts(const h5::Reader& reader) {
  const h5::Group& root = reader.root();
  RunFacts facts;
  facts.problem = h5::text_attribute(root, "problem");
  facts.options = h5::text_attribute(root, "options");
  facts.version = h5::text_attribute(root, "version");
  if (h5::has_attribute(root, "revision")) facts.revision = h5::text_attribute(root, "revision");
  if (h5::has_attribute(root, "parameters")) facts.parameters = h5::text_attribute(root, "parameters");
  facts.ranks = static_cast<int>(h5::integer_attribute(root, "ranks"));
  facts.islands = static_cast<int>(h5::integer_attribute(root, "islands"));
  facts.seed = h5::unsigned_attribute(root, "seed");
  facts.fingerprint = read_problem_mark(root).value_or(ProblemFingerprint{});
  if (h5::has_attribute(root, "host")) facts.host = h5::text_attribute(root, "host");
  if (h5::has_attribute(root, "date")) facts.date = h5::text_attribute(root, "date");
  if (h5::has_attribute(root, "launch")) facts.launch = h5::text_attribute(root, "launch");
  facts.exit_code = static_cast<int>(h5::integer_attribute(root, "exit_code"));
  return facts;
}

Status read_status(const h5::Reader& reader) {
  const h5::Group& root = reader.root();
  try {
    return parse_status(h5::text_attribute(root, "status"));
  } catch (const InputError& error) {
    throw InputError(reader.name() + ", attribute 'status': " + error.what());
  }
}

}  // namespace

std::vector<int> read_answer(const std::filesystem::path& path) {
  constexpr std::string_view kHdf5 = "\x89HDF\r\n\x1a\n";
  constexpr std::size_t kLongest = std::size_t{1} << 30;
  const FileBytes file(path, kLongest);
  const std::string_view content(file.bytes().data(), file.bytes().size());
  if (!content.starts_with(kHdf5)) return parse_piece_list(content, kAnswerKeys, path.string());
  const h5::Reader reader(path);
  require_format(reader.root(), kSolutionFormat);
  return read_permutation(reader);
}

StoredSolution read_solution(const std::filesystem::path& path) {
  const h5::Reader reader(path);
  const std::int64_t version = require_format(reader.root(), kSolutionFormat);
  const h5::Group& root = reader.root();
  StoredSolution stored;
  Solution& solution = stored.solution;
  solution.status = read_status(reader);
  solution.permutation = read_permutation(reader);
  solution.sha256 = h5::text_attribute(root, "sha256");
  solution.mse = h5::real_attribute(root, "mse");
  solution.largest_error = h5::real_attribute(root, "largest_error");
  solution.target = h5::real_attribute(root, "target");
  solution.explained = h5::real_attribute(root, "explained");
  solution.by_chance = h5::real_attribute(root, "explained_by_chance");
  solution.rows = h5::unsigned_attribute(root, "rows");
  solution.evaluations = h5::integer_attribute(root, "evaluations");
  for (const PairRow& row : h5::read_rows(reader, "pair_scores", pair_row_type())) {
    solution.pairs.push_back(
        {row.expand, row.compress, row.score, row.runner_up, row.runner_up_score, row.score_margin, row.trusted != 0});
  }
  solution.starts = read_starts(reader, version);
  solution.trajectory = read_trajectory(reader);
  for (const MarginRow& row : h5::read_rows(reader, "margins", margin_row_type())) {
    solution.margins.push_back({row.position, row.change, row.standard_error, row.interchangeable != 0});
  }
  solution.line = read_weights_line(reader);
  solution.diagnosis = read_diagnosis(reader);
  solution.warnings = reader.texts(reader.root(), "warnings");
  for (const auto& [name, member] : kTimes) solution.times.*member = h5::real_attribute(root, name);
  stored.facts = read_facts(reader);
  return stored;
}

}  // namespace kintsugi
