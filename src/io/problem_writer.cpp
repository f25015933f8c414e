// HDF5 only lays the file out, in memory that has holes where the numbers go; the numbers are then written to their
// places with plain system calls. So a disk that fails cannot catch HDF5 half-way, and no number is held in memory
// twice.

#include "kintsugi/io/problem_writer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <string>

#include "io/file_descriptor.hpp"
#include "io/hdf5.hpp"
#include "io/problem_format.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/atomic_file.hpp"

namespace kintsugi {

namespace {

static_assert(std::endian::native == std::endian::little,
              "the file's numbers are little-endian and written as they are");

hid_t built(hid_t id) {
  if (id < 0) throw InternalError("HDF5 cannot lay out a file in memory: " + h5::last_error());
  return id;
}

void done(herr_t result) { static_cast<void>(built(result)); }

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

/// Creates groups, data sets without numbers and attributes.
class LayoutFile {
 public:
  explicit LayoutFile(int fd) {
    const h5::Handle access(built(H5Pcreate(H5P_FILE_ACCESS)));
    done(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_V18));
    const h5::Handle creation(built(H5Pcreate(H5P_FILE_CREATE)));
    done(H5Pset_obj_track_times(creation.id(), false));
    const std::string name = "/proc/self/fd/" + std::to_string(fd);
    file_ = h5::Handle(built(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation.id(), access.id())));
    group_options_ = h5::Handle(built(H5Pcreate(H5P_GROUP_CREATE)));
    done(H5Pset_obj_track_times(group_options_.id(), false));
    dataset_options_ = h5::Handle(built(H5Pcreate(H5P_DATASET_CREATE)));
    done(H5Pset_obj_track_times(dataset_options_.id(), false));
    done(H5Pset_fill_time(dataset_options_.id(), H5D_FILL_TIME_NEVER));
    done(H5Pset_alloc_time(dataset_options_.id(), H5D_ALLOC_TIME_EARLY));
    scalar_ = h5::Handle(built(H5Screate(H5S_SCALAR)));
  }

  [[nodiscard]] hid_t root() const { return file_.id(); }

  [[nodiscard]] h5::Handle group(hid_t parent, const std::string& name) const {
    return h5::Handle(built(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, group_options_.id(), H5P_DEFAULT)));
  }

  [[nodiscard]] Extent dataset(hid_t parent, const char* name, std::span<const hsize_t> dims) const {
    const h5::Handle space(built(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr)));
    const h5::Handle set(
        built(H5Dcreate2(parent, name, H5T_IEEE_F32LE, space.id(), H5P_DEFAULT, dataset_options_.id(), H5P_DEFAULT)));
    const haddr_t offset = H5Dget_offset(set.id());
    if (offset == HADDR_UNDEF) throw InternalError("HDF5 gives no place for a data set: " + h5::last_error());
    return {offset, dims[0], dims.size() == 2 ? dims[1] : 1, 0};
  }

  void attribute(hid_t object, const std::string& name, const std::string& value) const {
    const h5::Handle type = h5::text_type();
    const h5::Handle attribute(
        built(H5Acreate2(object, name.c_str(), type.id(), scalar_.id(), H5P_DEFAULT, H5P_DEFAULT)));
    const char* text = value.c_str();
    done(H5Awrite(attribute.id(), type.id(), &text));
  }

  void attribute(hid_t object, const std::string& name, std::int64_t value) const {
    const h5::Handle attribute(
        built(H5Acreate2(object, name.c_str(), H5T_STD_I64LE, scalar_.id(), H5P_DEFAULT, H5P_DEFAULT)));
    done(H5Awrite(attribute.id(), H5T_STD_I64LE, &value));
  }

 private:
  h5::Handle file_;
  h5::Handle group_options_;
  h5::Handle dataset_options_;
  h5::Handle scalar_;
};

}  // namespace

struct ProblemWriter::Impl {
  Impl(const std::filesystem::path& path, const ProblemLayout& layout) : file(path) {
    const FileDescriptor memory(::memfd_create("kintsugi layout", MFD_CLOEXEC));
    if (memory.get() < 0) file.fail();
    lay_out(memory.get(), layout);
    copy_layout(memory.get());
  }

  void lay_out(int fd, const ProblemLayout& layout) {
    const LayoutFile target(fd);
    target.attribute(target.root(), "format", std::string(problem_format::kName));
    target.attribute(target.root(), "format_version", problem_format::kVersion);
    target.attribute(target.root(), "activation", std::string(to_string(layout.activation)));
    for (const auto& [key, value] : layout.provenance) {
      if (problem_format::is_reserved(key))
        throw InternalError("ProblemWriter: '" + key + "' is not free for provenance");
      target.attribute(target.root(), key, value);
    }
    const h5::Handle group = target.group(target.root(), "pieces");
    for (std::size_t index = 0; index < layout.pieces.size(); ++index) {
      const PieceShape& shape = layout.pieces[index];
      const h5::Handle piece = target.group(group.id(), std::to_string(index));
      PieceExtents extents;
      extents.weight = target.dataset(piece.id(), "weight", std::array<hsize_t, 2>{shape.out, shape.in});
      if (shape.bias) extents.bias = target.dataset(piece.id(), "bias", std::array<hsize_t, 1>{shape.out});
      target.attribute(piece.id(), "source", "piece_" + std::to_string(index));
      pieces.push_back(extents);
    }
    const h5::Handle data = target.group(target.root(), "data");
    const std::array<hsize_t, 2> wide{layout.rows.rows, layout.rows.width};
    const std::array<hsize_t, 2> narrow{layout.rows.rows, layout.rows.outputs};
    inputs = target.dataset(data.id(), "inputs", wide);
    predictions = target.dataset(data.id(), "predictions", narrow);
    if (layout.targets) targets = target.dataset(data.id(), "targets", narrow);
  }

  /// Everything but the holes, and the space of the holes.
  void copy_layout(int from) {
    const off_t size = ::lseek(from, 0, SEEK_END);
    if (size < 0 || ::ftruncate(file.fd(), size) != 0) file.fail();
    const int error = ::posix_fallocate(file.fd(), 0, size);
    // Not every file system can promise space; then a full disk shows when it is written.
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
      errno = error;
      file.fail();
    }
    std::vector<char> buffer(std::size_t{1} << 16);
    for (off_t at = ::lseek(from, 0, SEEK_DATA); at >= 0; at = ::lseek(from, at, SEEK_DATA)) {
      const off_t end = ::lseek(from, at, SEEK_HOLE);
      while (at < end) {
        const auto wanted = std::min(buffer.size(), static_cast<std::size_t>(end - at));
        const ssize_t got = ::pread(from, buffer.data(), wanted, at);
        if (got <= 0) file.fail();
        write_at(static_cast<std::uint64_t>(at), {buffer.data(), static_cast<std::size_t>(got)});
        at += got;
      }
    }
    if (errno != ENXIO) file.fail();  // what SEEK_DATA says behind the last data
  }

  void write_at(std::uint64_t offset, std::span<const char> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) file.fail();
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
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
  impl_->file.commit();
}

}  // namespace kintsugi
