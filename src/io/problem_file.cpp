#include "kintsugi/io/problem_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <type_traits>

#include "core/fold.hpp"
#include "core/part_rules.hpp"
#include "io/atomic_file.hpp"
#include "io/file_format.hpp"
#include "io/hdf5.hpp"
#include "io/hdf5_reader.hpp"
#include "io/import.hpp"
#include "io/problem_format.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

// ---- writing ----

/// Stores doubles as float32 where that loses nothing.
class RealWriter {
 public:
  explicit RealWriter(h5::Image& image) : image_(image) {}

  [[nodiscard]] bool fit_float(std::span<const double> values) {
    narrow_.resize(std::max(narrow_.size(), values.size()));
    int any_lost = 0;  // one pass without a branch
    for (std::size_t i = 0; i < values.size(); ++i) {
      narrow_[i] = static_cast<float>(values[i]);
      any_lost |= static_cast<int>(static_cast<double>(narrow_[i]) != values[i]);
    }
    return any_lost == 0;
  }

  void write(hid_t parent, const char* name, std::span<const hsize_t> dims, std::span<const double> values,
             bool as_float) {
    if (as_float && fit_float(values)) {
      image_.dataset(parent, name, dims, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, narrow_.data());
    } else {
      image_.dataset(parent, name, dims, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
    }
  }

 private:
  h5::Image& image_;
  std::vector<float> narrow_;
};

void write_pieces(h5::Image& image, const NetworkF64& network) {
  RealWriter writer(image);
  const h5::Handle pieces = image.group(image.root(), "pieces");
  const auto write = [&](const PieceF64& piece, int rank) {
    h5::Handle group = image.group(pieces.id(), std::to_string(piece.index));
    const bool as_float = writer.fit_float(piece.bias) && writer.fit_float(piece.weight) &&
                          writer.fit_float(piece.gate_weight) && writer.fit_float(piece.gate_bias);
    const std::array<hsize_t, 2> dims{piece.out, piece.in};
    writer.write(group.id(), "weight", std::span(dims).first(static_cast<std::size_t>(rank)), piece.weight, as_float);
    if (!piece.bias.empty()) writer.write(group.id(), "bias", std::array<hsize_t, 1>{piece.out}, piece.bias, as_float);
    if (!piece.gate_weight.empty()) writer.write(group.id(), "gate_weight", dims, piece.gate_weight, as_float);
    if (!piece.gate_bias.empty())
      writer.write(group.id(), "gate_bias", std::array<hsize_t, 1>{piece.out}, piece.gate_bias, as_float);
    image.attribute(group.id(), "source", piece.source);
    return group;
  };
  for (const PieceF64& piece : network.pieces) static_cast<void>(write(piece, 2));
  for (const BasicPart<double>& part : network.parts) {
    const h5::Handle group = write(part.piece, rule_of(part.kind).flat ? 1 : 2);
    problem_format::mark_part(image, group.id(), part.kind, part.owner);
  }
}

void write_rows(h5::Image& image, const RowsF64& rows) {
  if (rows.inputs.empty()) return;
  RealWriter writer(image);
  const h5::Handle data = image.group(image.root(), "data");
  const std::array<hsize_t, 2> wide{rows.shape.rows, rows.shape.width};
  const std::array<hsize_t, 2> narrow{rows.shape.rows, rows.shape.outputs};
  writer.write(data.id(), "inputs", wide, rows.inputs, true);
  if (!rows.predictions.empty()) writer.write(data.id(), "predictions", narrow, rows.predictions, true);
  if (!rows.targets.empty()) writer.write(data.id(), "targets", narrow, rows.targets, true);
}

/// What the caller must hold to; a violation is a bug of the caller's, not of the user's.
void check_sizes(const NetworkF64& network, const RowsF64& rows) {
  const RowShape& shape = rows.shape;
  bool right = rows.inputs.size() == shape.rows * shape.width &&
               (rows.predictions.empty() || rows.predictions.size() == shape.rows * shape.outputs) &&
               (rows.targets.empty() || rows.targets.size() == rows.predictions.size());
  const auto fits = [](const PieceF64& piece) {
    return piece.weight.size() == piece.out * piece.in && (piece.bias.empty() || piece.bias.size() == piece.out);
  };
  right = right && std::ranges::all_of(network.pieces, fits) &&
          std::ranges::all_of(network.parts, [&](const BasicPart<double>& part) { return fits(part.piece); });
  if (!right) throw InternalError("write_problem: a size does not match its values");
}

std::size_t estimated_bytes(const NetworkF64& network, const RowsF64& rows) {
  constexpr std::size_t kPerPiece = 1024;
  std::size_t values = rows.inputs.size() + rows.predictions.size() + rows.targets.size();
  for (const PieceF64& piece : network.pieces)
    values += piece.weight.size() + piece.bias.size() + piece.gate_weight.size();
  for (const BasicPart<double>& part : network.parts) values += part.piece.weight.size() + part.piece.bias.size();
  return values * sizeof(float) + (network.pieces.size() + network.parts.size()) * kPerPiece;
}

}  // namespace

void write_problem(const std::filesystem::path& path, const NetworkF64& network, const RowsF64& rows,
                   const Provenance& provenance) {
  const h5::SilentErrors silent;
  check_sizes(network, rows);
  h5::Image image(estimated_bytes(network, rows));
  problem_format::write_root(image, network.activation, network.form, !network.parts.empty(), provenance);
  write_pieces(image, network);
  write_rows(image, rows);
  AtomicFile file(path);
  image.finish_with_sum([&](std::string_view part) { file.write(part); });
  file.commit();
}

// ---- reading ----

namespace {

/// `width` values a row; `first` is the number of the first row in the file.
template <class Real>
void check_finite(const h5::Dataset& set, std::span<const Real> values, std::size_t first, std::size_t width) {
  int any_bad = 0;  // one pass without a branch
  for (const Real value : values) any_bad |= static_cast<int>(!(std::abs(value) <= std::numeric_limits<Real>::max()));
  if (any_bad == 0) return;
  const auto bad = std::find_if(values.begin(), values.end(), [](Real value) { return !std::isfinite(value); });
  const auto at = static_cast<std::size_t>(bad - values.begin());
  throw InputError(set.name + ": row " + std::to_string(first + at / width) + ", column " + std::to_string(at % width) +
                   " is " + (std::isnan(*bad) ? "nan" : "infinite") + ", but must be a finite " +
                   (std::is_same_v<Real, float> ? "float32" : "float64") + " number");
}

template <class Real>
std::vector<Real> read_all(const h5::Reader& reader, const h5::Dataset& set) {
  std::vector<Real> values(set.count());
  reader.read(set, 0, std::span(values));
  check_finite<Real>(set, values, 0, set.dims.back());
  return values;
}

/// Rows [first, first + count) of a [N x width] data set.
template <class Real>
void read_slab(const h5::Reader& reader, const h5::Dataset& set, std::size_t first, std::size_t count,
               std::span<Real> values) {
  const std::size_t rows = set.dims[0];
  const std::size_t width = set.dims[1];
  if (first > rows || count > rows - first || values.size() != count * width) {
    throw InternalError(set.name + ": slab outside the rows, or a buffer of the wrong size");
  }
  if (count == 0) return;
  reader.read(set, first * width, values);
  check_finite<Real>(set, values, first, width);
}

/// The index that a piece's group is named by; no sign, no leading zero.
int piece_index(const std::string& place, const std::string& name) {
  int index = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size() || index < 0 || std::to_string(index) != name) {
    throw InputError(place + ": '" + name + "' is not a piece's index");
  }
  return index;
}

/// Pieces that the importer left out ("3,17"): their indices may be missing.
std::set<int> left_out_of(const h5::Group& root) {
  if (!h5::has_attribute(root, "left_out")) return {};
  const std::vector<int> indices = parse_permutation(h5::text_attribute(root, "left_out"), root.name + ", left_out");
  return {indices.begin(), indices.end()};
}

std::vector<int> piece_indices(const h5::Group& pieces, const std::set<int>& left_out) {
  std::vector<int> indices;
  for (const std::string& name : pieces.links()) indices.push_back(piece_index(pieces.name, name));
  if (indices.empty()) throw InputError(pieces.name + ": holds no pieces");
  std::sort(indices.begin(), indices.end());
  int next = 0;
  for (const int index : indices) {
    while (next != index && left_out.contains(next)) ++next;
    if (next != index) {
      throw InputError(pieces.name + ": piece " + std::to_string(next) +
                       " is missing; indices run from 0 without a gap");
    }
    ++next;
  }
  return indices;
}

/// Which part of another piece the one in `group` is; nothing where it is none.
std::optional<PartKind> part_kind(const h5::Group& group) {
  if (!h5::has_attribute(group, "part")) return std::nullopt;
  const std::string name = h5::text_attribute(group, "part");
  std::string known;
  for (const PartRule& rule : part_rules()) {
    if (name == rule.name) return rule.kind;
    known.append(known.empty() ? "" : ", ").append(rule.name);
  }
  throw InputError(group.name + ", attribute 'part': is '" + name + "', not one of " + known);
}

int owner_of(const h5::Group& group) {
  const std::int64_t owner = h5::integer_attribute(group, "of");
  if (owner >= 0 && owner <= std::numeric_limits<int>::max()) return static_cast<int>(owner);
  throw InputError(group.name + ", attribute 'of': is not a piece's index");
}

template <class Real>
BasicPiece<Real> read_piece(const h5::Reader& reader, const h5::Group& pieces, int index) {
  const h5::Group group = reader.group(pieces, std::to_string(index));
  BasicPiece<Real> piece;
  piece.index = index;
  const std::optional<PartKind> part = part_kind(group);
  const int rank = part && rule_of(*part).flat ? 1 : 2;
  const h5::Dataset weight = reader.numbers(group, "weight", rank);
  piece.out = weight.dims[0];
  piece.in = rank == 2 ? weight.dims[1] : 1;
  piece.weight = read_all<Real>(reader, weight);
  if (group.has("bias")) {
    const h5::Dataset bias = reader.numbers(group, "bias", 1);
    if (bias.dims[0] != piece.out) {
      throw InputError(bias.name + ": has " + std::to_string(bias.dims[0]) + " values, but the weight has " +
                       std::to_string(piece.out) + " rows");
    }
    piece.bias = read_all<Real>(reader, bias);
  }
  if (group.has("gate_weight")) {
    const auto read = [&](const char* name, const std::vector<std::uint64_t>& dims) {
      const h5::Dataset set = reader.numbers(group, name, static_cast<int>(dims.size()));
      if (!std::ranges::equal(set.dims, dims)) throw InputError(set.name + ": is not of the shape of the piece's own");
      return read_all<Real>(reader, set);
    };
    piece.gate_weight = read("gate_weight", {piece.out, piece.in});
    if (group.has("gate_bias")) piece.gate_bias = read("gate_bias", {piece.out});
  }
  piece.source = h5::has_attribute(group, "source") ? h5::text_attribute(group, "source") : group.name;
  return piece;
}

}  // namespace

struct ProblemFile::Impl {
  explicit Impl(const std::filesystem::path& path) : reader(path) {
    check_format();
    pieces = reader.group(reader.root(), "pieces");
    const bool with_data = reader.root().has("data");
    const h5::Group data = with_data ? reader.group(reader.root(), "data") : h5::Group{};
    if (!with_data || !data.has("predictions")) {
      take_shape_of_pieces(data);
      return;
    }
    inputs = reader.numbers(data, "inputs", 2);
    predictions = reader.numbers(data, "predictions", 2);
    shape = {inputs.dims[0], inputs.dims[1], predictions.dims[1]};
    same_rows(predictions);
    with_targets = data.has("targets");
    if (!with_targets) return;
    targets = reader.numbers(data, "targets", 2);
    same_rows(targets);
    if (targets.dims[1] != shape.outputs) {
      throw InputError(targets.name + ": has " + std::to_string(targets.dims[1]) +
                       " columns, but /data/predictions has " + std::to_string(shape.outputs));
    }
  }

  /// There are no predictions, and the inputs that there may be tell the width at most.
  void take_shape_of_pieces(const h5::Group& data) {
    if (data.has("targets"))
      throw InputError(data.name + ": has targets, but no predictions, which are what the network is to reproduce");
    const std::size_t width = data.has("inputs") ? reader.numbers(data, "inputs", 2).dims[1] : 0;
    std::vector<PieceSize> sizes;
    for (const int index : piece_indices(pieces, left_out_of(reader.root()))) {
      const h5::Group piece = reader.group(pieces, std::to_string(index));
      if (part_kind(piece)) continue;
      const h5::Dataset weight = reader.numbers(piece, "weight", 2);
      sizes.push_back({weight.dims[0], weight.dims[1]});
    }
    try {
      shape = shape_of_pieces(sizes, width);
    } catch (const InputError& error) {
      throw InputError(reader.name() + ": has no /data/predictions, and " + error.what());
    }
  }

  void check_format() {
    const h5::Group& root = reader.root();
    require_format(root, kProblemFormat);
    try {
      activation = parse_activation(h5::text_attribute(root, "activation"));
    } catch (const UsageError& error) {
      throw InputError(root.name + ", attribute 'activation': " + error.what());
    }
    form.norm = read_norm("norm");
    form.head_norm = read_norm("head_norm");
    if (!form.has_norms()) return;
    form.eps = h5::real_attribute(root, "norm_eps");
    if (!(form.eps > 0) || !std::isfinite(form.eps))
      throw InputError(root.name + ", attribute 'norm_eps': must be a number above 0");
  }

  [[nodiscard]] Norm read_norm(const char* name) const {
    const h5::Group& root = reader.root();
    if (!h5::has_attribute(root, name)) return Norm::none;
    try {
      return parse_norm(h5::text_attribute(root, name));
    } catch (const UsageError& error) {
      throw InputError(root.name + ", attribute '" + name + "': " + error.what());
    }
  }

  void same_rows(const h5::Dataset& set) const {
    if (set.dims[0] == shape.rows) return;
    throw InputError(set.name + ": has " + std::to_string(set.dims[0]) + " rows, but /data/inputs has " +
                     std::to_string(shape.rows));
  }

  /// With its parts.
  template <class Real>
  BasicNetwork<Real> network() const {
    reader.require_sum();
    BasicNetwork<Real> result;
    result.activation = activation;
    result.form = form;
    for (const int index : piece_indices(pieces, left_out_of(reader.root()))) {
      const h5::Group group = reader.group(pieces, std::to_string(index));
      BasicPiece<Real> piece = read_piece<Real>(reader, pieces, index);
      if (const std::optional<PartKind> kind = part_kind(group)) {
        result.parts.push_back({*kind, owner_of(group), std::move(piece)});
      } else {
        result.pieces.push_back(std::move(piece));
      }
    }
    return result;
  }

  template <class Real>
  BasicNetwork<Real> folded() const {
    BasicNetwork<Real> result = network<Real>();
    const bool fused = std::ranges::any_of(result.pieces, [](const auto& piece) { return !piece.gate_weight.empty(); });
    if (result.parts.empty() && !fused) return result;
    try {
      return fold(result);
    } catch (const InputError& error) {
      throw InputError(reader.name() + ": " + error.what());
    }
  }

  h5::Reader reader;
  h5::Group pieces;
  Activation activation = Activation::relu;
  BlockForm form;
  RowShape shape;
  h5::Dataset inputs;
  h5::Dataset predictions;
  h5::Dataset targets;
  bool with_targets = false;
};

ProblemFile::ProblemFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}

ProblemFile::~ProblemFile() = default;

RowShape ProblemFile::shape() const { return impl_->shape; }
Activation ProblemFile::activation() const { return impl_->activation; }
bool ProblemFile::has_targets() const { return impl_->with_targets; }

Provenance ProblemFile::provenance() const {
  Provenance provenance;
  const h5::Group& root = impl_->reader.root();
  for (const std::string& name : h5::text_attributes(root)) {
    if (!problem_format::is_reserved(name)) provenance[name] = h5::text_attribute(root, name);
  }
  return provenance;
}

Network ProblemFile::network() const { return impl_->folded<float>(); }

NetworkF64 ProblemFile::network_f64() const { return impl_->folded<double>(); }

NetworkF64 ProblemFile::unfolded_network() const { return impl_->network<double>(); }

void ProblemFile::read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) {
  if (first + count > impl_->shape.rows) throw InternalError("ProblemFile::read: slab outside the rows");
  if (count == 0) return;
  read_slab(impl_->reader, impl_->inputs, first, count, inputs);
  read_slab(impl_->reader, impl_->predictions, first, count, predictions);
}

RowsF64 ProblemFile::read_f64(std::size_t first, std::size_t count) const {
  const RowShape& whole = impl_->shape;
  if (first > whole.rows || count > whole.rows - first)
    throw InternalError("ProblemFile::read_f64: slab outside the rows");
  RowsF64 rows;
  rows.shape = {count, whole.width, whole.outputs};
  if (count == 0) return rows;
  rows.inputs.resize(count * whole.width);
  rows.predictions.resize(count * whole.outputs);
  read_slab<double>(impl_->reader, impl_->inputs, first, count, rows.inputs);
  read_slab<double>(impl_->reader, impl_->predictions, first, count, rows.predictions);
  if (impl_->with_targets) {
    rows.targets.resize(count * whole.outputs);
    read_slab<double>(impl_->reader, impl_->targets, first, count, rows.targets);
  }
  return rows;
}

}  // namespace kintsugi
