// HDF5 only lays the file out, in memory that has holes where the numbers go; the numbers are then written to their
// places with plain system calls. So a disk that fails cannot catch HDF5 half-way, and no number is held in memory
// twice.

#include "io/problem_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <string>

#include "core/part_rules.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "io/file_format.hpp"
#include "io/file_sum.hpp"
#include "io/hdf5.hpp"
#include "io/problem_format.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

static_assert(std::endian::native == std::endian::little,
              "the file's numbers are little-endian and written as they are");

hid_t built(hid_t id) {
  if (id < 0) throw InternalError("HDF5 cannot lay out a file in memory: " + h5::last_error());
  return id;
}

void done(herr_t result) { static_cast<void>(built(result)); }

/// More than HDF5 needs to describe a data set and its place in a group.
constexpr std::size_t kPerDataset = 4096;

/// A data set's numbers in the file, row by row.
struct Extent {
  std::uint64_t offset = 0;  ///< bytes
  std::size_t rows = 0;
  std::size_t width = 0;
  std::size_t written = 0;  ///< rows
};

struct PieceExtents {
  Extent weight;
  Extent bias;  ///< no rows without bias
};

/// Adds data sets without numbers to a file.
class Extension {
 public:
  explicit Extension(const std::filesystem::path& path) {
    const h5::Handle access(built(H5Pcreate(H5P_FILE_ACCESS)));
    done(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_V18));
    file_ = h5::Handle(built(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id())));
    options_ = h5::Handle(built(H5Pcreate(H5P_DATASET_CREATE)));
    done(H5Pset_obj_track_times(options_.id(), false));
    done(H5Pset_fill_time(options_.id(), H5D_FILL_TIME_NEVER));
    done(H5Pset_alloc_time(options_.id(), H5D_ALLOC_TIME_EARLY));
  }

  [[nodiscard]] Extent add(const std::string& name, std::span<const hsize_t> dims) const {
    const h5::Handle space(built(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr)));
    const h5::Handle set(built(
        H5Dcreate2(file_.id(), name.c_str(), H5T_IEEE_F32LE, space.id(), H5P_DEFAULT, options_.id(), H5P_DEFAULT)));
    const haddr_t offset = H5Dget_offset(set.id());
    if (offset == HADDR_UNDEF) throw InternalError("HDF5 gives no place for a data set: " + h5::last_error());
    return {offset, dims[0], dims.size() == 2 ? dims[1] : 1, 0};
  }

  /// Writes what HDF5 still holds back.
  void close() { done(H5Fflush(file_.id(), H5F_SCOPE_LOCAL)); }

 private:
  h5::Handle file_;
  h5::Handle options_;
};

/// The file without its data sets.
std::vector<char> frame(const ProblemLayout& layout) {
  constexpr std::size_t kPerPiece = 512;
  h5::Image image(kPerPiece * layout.pieces.size());
  problem_format::write_root(
      image, layout.activation, layout.form,
      std::ranges::any_of(layout.pieces, [](const PieceShape& piece) { return piece.part.has_value(); }),
      layout.provenance);
  const h5::Handle pieces = image.group(image.root(), "pieces");
  for (std::size_t index = 0; index < layout.pieces.size(); ++index) {
    const h5::Handle piece = image.group(pieces.id(), std::to_string(index));
    image.attribute(piece.id(), "source", "piece_" + std::to_string(index));
    if (layout.pieces[index].part)
      problem_format::mark_part(image, piece.id(), *layout.pieces[index].part, layout.pieces[index].owner);
  }
  const h5::Handle data = image.group(image.root(), "data");
  return image.finish();
}

std::size_t number_bytes(const ProblemLayout& layout) {
  std::size_t numbers = layout.rows.rows * (layout.rows.width + layout.rows.outputs * (layout.targets ? 2 : 1));
  for (const PieceShape& piece : layout.pieces) numbers += piece.out * (piece.in + (piece.bias ? 1 : 0));
  return numbers * sizeof(float);
}

}  // namespace

struct ProblemWriter::Impl {
  Impl(const std::filesystem::path& path, const ProblemLayout& layout) : file(path) {
    const std::vector<char> bytes = frame(layout);
    write_at(0, bytes);
    claim(bytes.size() + kPerDataset * (2 * layout.pieces.size() + 3) + number_bytes(layout));
    lay_out(layout);
  }

  /// Space for `size` bytes, so that neither HDF5 nor the last number of many meets a full disk.
  void claim(std::size_t size) {
    const int error = ::posix_fallocate(file.fd(), 0, static_cast<off_t>(size));
    // Not every file system can promise space.
    if (error == 0 || error == EOPNOTSUPP || error == EINVAL) return;
    errno = error;
    file.fail();
  }

  void lay_out(const ProblemLayout& layout) {
    Extension extension(file.temporary());
    for (std::size_t index = 0; index < layout.pieces.size(); ++index) {
      const PieceShape& shape = layout.pieces[index];
      const std::string group = "/pieces/" + std::to_string(index);
      PieceExtents extents;
      const std::array<hsize_t, 2> dims{shape.out, shape.in};
      const bool flat = shape.part && rule_of(*shape.part).flat;
      extents.weight = extension.add(group + "/weight", std::span(dims).first(flat ? 1 : 2));
      if (shape.bias) extents.bias = extension.add(group + "/bias", std::array<hsize_t, 1>{shape.out});
      pieces.push_back(extents);
    }
    const std::array<hsize_t, 2> wide{layout.rows.rows, layout.rows.width};
    const std::array<hsize_t, 2> narrow{layout.rows.rows, layout.rows.outputs};
    inputs = extension.add("/data/inputs", wide);
    predictions = extension.add("/data/predictions", narrow);
    if (layout.targets) targets = extension.add("/data/targets", narrow);
    extension.close();
  }

  void write_at(std::uint64_t offset, std::span<const char> bytes) {
    if (!write_all_at(file.fd(), {bytes.data(), bytes.size()}, offset)) file.fail();
  }

  void write_rows(Extent& extent, std::size_t first, std::span<const float> values) {
    const std::size_t rows = values.size() / std::max<std::size_t>(extent.width, 1);
    if (values.size() != rows * extent.width || first > extent.rows || rows > extent.rows - first) {
      throw InternalError("ProblemWriter: values that do not fit the layout");
    }
    write_at(extent.offset + first * extent.width * sizeof(float),
             {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    extent.written += rows;
  }

  /// Behind all else.
  void add_sum() {
    struct stat facts {};
    if (::fstat(file.fd(), &facts) != 0) file.fail();
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    const std::string line = sum_line(file.fd(), size, file.temporary().string());
    write_at(size, line);
  }

  AtomicFile file;
  std::vector<PieceExtents> pieces;
  Extent inputs;
  Extent predictions;
  Extent targets;
};

ProblemWriter::ProblemWriter(const std::filesystem::path& path, const ProblemLayout& layout) {
  const h5::SilentErrors silent;
  impl_ = std::make_unique<Impl>(path, layout);
}

ProblemWriter::~ProblemWriter() = default;

void ProblemWriter::write_piece(const Piece& piece) {
  const auto index = static_cast<std::size_t>(piece.index);
  if (piece.index < 0 || index >= impl_->pieces.size()) throw InternalError("ProblemWriter: a piece of no place");
  PieceExtents& extents = impl_->pieces[index];
  if (piece.out != extents.weight.rows || piece.in != extents.weight.width || piece.bias.size() != extents.bias.rows) {
    throw InternalError("ProblemWriter: piece " + std::to_string(index) + " has not the shape of the layout");
  }
  impl_->write_rows(extents.weight, 0, piece.weight);
  impl_->write_rows(extents.bias, 0, piece.bias);
}

void ProblemWriter::write_inputs(std::size_t first, std::span<const float> values) {
  impl_->write_rows(impl_->inputs, first, values);
}

void ProblemWriter::write_predictions(std::size_t first, std::span<const float> values) {
  impl_->write_rows(impl_->predictions, first, values);
}

void ProblemWriter::write_targets(std::size_t first, std::span<const float> values) {
  impl_->write_rows(impl_->targets, first, values);
}

void ProblemWriter::finish() {
  const auto require_whole = [](const Extent& extent, const std::string& name) {
    if (extent.written != extent.rows) {
      throw InternalError("ProblemWriter: " + name + " has " + std::to_string(extent.written) + " of " +
                          std::to_string(extent.rows) + " rows");
    }
  };
  for (std::size_t i = 0; i < impl_->pieces.size(); ++i) {
    require_whole(impl_->pieces[i].weight, "piece " + std::to_string(i));
    require_whole(impl_->pieces[i].bias, "the bias of piece " + std::to_string(i));
  }
  require_whole(impl_->inputs, "inputs");
  require_whole(impl_->predictions, "predictions");
  require_whole(impl_->targets, "targets");
  impl_->add_sum();
  impl_->file.commit();
}

}  // namespace kintsugi
