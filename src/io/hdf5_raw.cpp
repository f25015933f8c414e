#include "io/hdf5_raw.hpp"

#include <algorithm>
#include <system_error>

#include "io/hdf5_checks.hpp"
#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::h5 {

namespace {

/// The links of a group.
struct Links {
  std::vector<std::string> names;
  SoftLinks soft;
  std::string refused;  ///< the first one that is
};

herr_t take_link(hid_t /*group*/, const char* name, const H5L_info_t* info, void* links) {
  Links& all = *static_cast<Links*>(links);
  const bool is_taken = info->type == H5L_TYPE_HARD || (info->type == H5L_TYPE_SOFT && all.soft == SoftLinks::followed);
  if (!is_taken) all.refused = name;
  if (is_taken) all.names.emplace_back(name);
  return is_taken ? 0 : 1;
}

/// Opens a group and lists its links.
RawGroup open_group(hid_t parent, const std::string& link, std::string name, SoftLinks soft_links) {
  RawGroup group{Handle(opened(H5Gopen2(parent, link.c_str(), H5P_DEFAULT), name)), std::move(name), {}};
  Links links{{}, soft_links, ""};
  const herr_t result = H5Literate(group.id.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, take_link, &links);
  done(result, group.name);
  if (result > 0) {
    fail(group.name, "holds a soft or external link, '" + printable(links.refused) +
                         "', which is not allowed; put what it names in its place");
  }
  group.links = std::move(links.names);
  std::sort(group.links.begin(), group.links.end());
  return group;
}

/// Bytes of elements that a data set's stored bytes can stand for; refuses what is stored outside the file.
std::uint64_t most_bytes(const RawDataset& set, std::uint64_t file_bytes) {
  const std::uint64_t stored = H5Dget_storage_size(set.id.id());
  if (stored > file_bytes) return 0;
  // Only a plain block inside the file has an offset.
  if (H5Dget_offset(set.id.id()) != HADDR_UNDEF) return stored;
  const Handle creation(opened(H5Dget_create_plist(set.id.id()), set.name));
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if (layout == H5D_VIRTUAL || layout < 0 || H5Pget_external_count(creation.id()) != 0) {
    fail(set.name, "is stored outside the file, which is not allowed");
  }
  constexpr std::uint64_t kBestDeflate = 1032;  // no deflate stream expands further
  return H5Pget_nfilters(creation.id()) > 0 ? stored * kBestDeflate : stored;
}

}  // namespace

bool RawGroup::has(const std::string& link) const { return std::binary_search(links.begin(), links.end(), link); }

RawReader::RawReader(const std::filesystem::path& path, SoftLinks soft_links)
    : name_(path.string()), soft_links_(soft_links) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail(name_, "cannot be opened: no such file");
  if (!std::filesystem::is_regular_file(status)) fail(name_, "is not a regular file");
  bytes_ = std::filesystem::file_size(path, error);
  if (error) fail(name_, "cannot be examined: " + error.message());

  const Handle access(opened(H5Pcreate(H5P_FILE_ACCESS), name_));
  // Files are written beside and renamed, so a reader needs no lock; some network file systems refuse one.
  done(H5Pset_file_locking(access.id(), /*use_file_locking=*/false, /*ignore_when_disabled=*/true), name_);
  file_ = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()));
  if (file_.id() < 0) fail(name_, "is not a readable HDF5 file: " + last_error());
  // HDF5 zeroes a buffer of this size, 1 MiB by default, for every data set whose numbers it converts.
  constexpr std::size_t kConversionBytes = std::size_t{16} << 10;
  transfer_ = Handle(opened(H5Pcreate(H5P_DATASET_XFER), name_));
  done(H5Pset_buffer(transfer_.id(), kConversionBytes, nullptr, nullptr), name_);
  root_ = open_group(file_.id(), "/", name_, soft_links_);
}

RawGroup RawReader::group(const RawGroup& parent, const std::string& name) const {
  const std::string path = (&parent == &root_ ? name_ + ", /" : parent.name + "/") + name;
  if (!parent.has(name)) fail(path, "is missing");
  return open_group(parent.id.id(), name, path, soft_links_);
}

RawDataset RawReader::dataset(const RawGroup& parent, const std::string& name) const {
  RawDataset set{Handle(), (&parent == &root_ ? name_ + ", /" : parent.name + "/") + name, {}};
  if (!parent.has(name)) fail(set.name, "is missing");
  set.id = Handle(opened(H5Dopen2(parent.id.id(), name.c_str(), H5P_DEFAULT), set.name));
  const Handle space(opened(H5Dget_space(set.id.id()), set.name));
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank < 0) fail(set.name, "has no dimensions");
  set.dims.resize(static_cast<std::size_t>(rank));
  done(H5Sget_simple_extent_dims(space.id(), set.dims.data(), nullptr), set.name);

  const Handle type(opened(H5Dget_type(set.id.id()), set.name));
  std::uint64_t needed = H5Tget_size(type.id());
  bool overflow = false;
  for (const hsize_t dim : set.dims) overflow = overflow || __builtin_mul_overflow(needed, dim, &needed);
  if (overflow || needed > most_bytes(set, bytes_)) {
    fail(set.name, "claims more data than the file holds (is the file truncated?)");
  }
  return set;
}

void RawReader::read(const RawDataset& dataset, hid_t memory_type, void* values) const {
  done(H5Dread(dataset.id.id(), memory_type, H5S_ALL, H5S_ALL, transfer_.id(), values), dataset.name);
}

}  // namespace kintsugi::h5
