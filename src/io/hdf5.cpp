#include "io/hdf5.hpp"

#include <algorithm>
#include <string_view>

#include "io/file_sum.hpp"
#include "io/hdf5_version.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi::h5 {

SilentErrors::SilentErrors() {
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

SilentErrors::~SilentErrors() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

std::string last_error() {
  std::string message = "unknown HDF5 error";
  const auto take_first = [](unsigned, const H5E_error2_t* error, void* text) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
    return 1;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &message);
  return message;
}

Handle text_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.id(), std::max<std::size_t>(length, 1));
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

Handle bool_type() {
  Handle type(H5Tenum_create(H5T_STD_I8LE));
  constexpr std::int8_t kFalse = 0;
  constexpr std::int8_t kTrue = 1;
  H5Tenum_insert(type.id(), "FALSE", &kFalse);
  H5Tenum_insert(type.id(), "TRUE", &kTrue);
  return type;
}

Handle event_type() {
  Handle type(H5Tenum_create(H5T_NATIVE_INT8));
  for (const EventName& name : kEventNames) {
    const auto value = static_cast<std::int8_t>(letter(name.event));
    if (H5Tenum_insert(type.id(), std::string(name.words).c_str(), &value) < 0) {
      throw InternalError("HDF5 event type: " + last_error());
    }
  }
  return type;
}

namespace {

hid_t built(hid_t id) {
  if (id < 0) throw InternalError("HDF5 cannot build a file in memory: " + last_error());
  return id;
}

void done(herr_t result) { static_cast<void>(built(result)); }

}  // namespace

Image::Image(std::size_t size_hint) {
  const Handle access(built(H5Pcreate(H5P_FILE_ACCESS)));
  constexpr std::size_t kSlack = std::size_t{64} << 10;
  done(H5Pset_fapl_core(access.id(), size_hint + size_hint / 16 + kSlack, /*backing_store=*/0));
  const Handle creation(built(H5Pcreate(H5P_FILE_CREATE)));
  done(H5Pset_obj_track_times(creation.id(), false));
  file_ = Handle(built(H5Fcreate("kintsugi image", H5F_ACC_TRUNC, creation.id(), access.id())));
  // Objects in the format of HDF5 1.8: compact, quick, known to every reader since 2008. Only from here on, so that the
  // superblock is of the first kind, which has no checksum: H5Fget_file_image leaves a wrong one in the later kinds.
  done(H5Fset_libver_bounds(file_.id(), H5F_LIBVER_V18, H5F_LIBVER_V18));

  group_options_ = Handle(built(H5Pcreate(H5P_GROUP_CREATE)));
  done(H5Pset_obj_track_times(group_options_.id(), false));
  dataset_options_ = Handle(built(H5Pcreate(H5P_DATASET_CREATE)));
  done(H5Pset_obj_track_times(dataset_options_.id(), false));
  scalar_ = Handle(built(H5Screate(H5S_SCALAR)));
}

Handle Image::group(hid_t parent, const std::string& name) {
  return Handle(built(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, group_options_.id(), H5P_DEFAULT)));
}

void Image::dataset(hid_t parent, const std::string& name, std::span<const hsize_t> dims, hid_t file_type,
                    hid_t memory_type, const void* values) {
  const Handle space(built(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr)));
  const Handle set(
      built(H5Dcreate2(parent, name.c_str(), file_type, space.id(), H5P_DEFAULT, dataset_options_.id(), H5P_DEFAULT)));
  if (H5Sget_simple_extent_npoints(space.id()) == 0) return;
  done(H5Dwrite(set.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
}

void Image::attribute(hid_t object, const std::string& name, hid_t type, const void* value) {
  const Handle attribute(built(H5Acreate2(object, name.c_str(), type, scalar_.id(), H5P_DEFAULT, H5P_DEFAULT)));
  done(H5Awrite(attribute.id(), type, value));
}

void Image::attribute(hid_t object, const std::string& name, const std::string& value) {
  constexpr std::size_t kMost = 32000;  // an attribute may have 64 kB with its name and type
  constexpr std::string_view kCut = "...";
  std::string text = value;
  if (text.size() > kMost) text.replace(kMost - kCut.size(), std::string::npos, kCut);
  const Handle type = text_type(text.size());
  attribute(object, name, type.id(), text.c_str());  // one zero at least, also where it is empty
}

void Image::attribute(hid_t object, const std::string& name, std::int64_t value) {
  attribute(object, name, H5T_STD_I64LE, &value);
}

void Image::attribute(hid_t object, const std::string& name, std::uint64_t value) {
  attribute(object, name, H5T_STD_U64LE, &value);
}

void Image::attribute(hid_t object, const std::string& name, double value) {
  attribute(object, name, H5T_IEEE_F64LE, &value);
}

std::size_t Image::size() {
  done(H5Fflush(file_.id(), H5F_SCOPE_LOCAL));
  const ssize_t size = H5Fget_file_image(file_.id(), nullptr, 0);
  if (size <= 0) throw InternalError("HDF5 gives no file image: " + last_error());
  return static_cast<std::size_t>(size);
}

void Image::copy_to(std::span<char> bytes) {
  if (H5Fget_file_image(file_.id(), bytes.data(), bytes.size()) != std::ssize(bytes)) {
    throw InternalError("HDF5 gives no file image: " + last_error());
  }
}

std::vector<char> Image::finish() {
  std::vector<char> bytes(size());
  copy_to(bytes);
  return bytes;
}

void Image::finish_with_sum(const std::function<void(std::string_view)>& take) {
  const std::size_t bytes = size();
  void* place = nullptr;
  done(H5Fget_vfd_handle(file_.id(), H5P_DEFAULT, &place));
  const std::string_view content(*static_cast<const char* const*>(place), bytes);
  // HDF5's note that the file is open for writing is not part of it. (H5Fget_file_image would leave it out, too, but
  // copies what may be large.)
  constexpr std::size_t kNote = 20;
  constexpr std::size_t kNoteSize = 4;
  std::string head(content.substr(0, kNote + kNoteSize));
  head.replace(kNote, kNoteSize, kNoteSize, '\0');
  RunningSum sum;
  for (const std::string_view part : {std::string_view(head), content.substr(head.size())}) {
    sum.add(part);
    take(part);
  }
  take(sum.line());
}

std::string Image::finish_with_sum() {
  std::string content;
  finish_with_sum([&](std::string_view part) { content += part; });
  return content;
}

std::string library_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace kintsugi::h5
