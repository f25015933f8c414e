// From HDF5 to plain values, in a child process.

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "io/hdf5_checks.hpp"
#include "io/hdf5_plain.hpp"
#include "io/hdf5_raw.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::h5 {

namespace {

/// Reads all elements as this type of memory.
using Fetch = std::function<void(hid_t type, void* values)>;

Kind kind_of(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      if (size == sizeof(double)) return Kind::real64;
      return size == sizeof(float) || size == sizeof(float) / 2 ? Kind::real32 : Kind::other;
    case H5T_INTEGER:
      if (size > sizeof(std::int64_t)) return Kind::other;
      return size == sizeof(std::int64_t) && H5Tget_sign(type) == H5T_SGN_NONE ? Kind::natural : Kind::integer;
    case H5T_ENUM: return size > sizeof(std::int64_t) ? Kind::other : Kind::integer;
    case H5T_STRING: return Kind::text;
    default: return Kind::other;
  }
}

hid_t memory_type(Kind kind) {
  switch (kind) {
    case Kind::real32: return H5T_NATIVE_FLOAT;
    case Kind::real64: return H5T_NATIVE_DOUBLE;
    case Kind::natural: return H5T_NATIVE_UINT64;
    default: return H5T_NATIVE_INT64;
  }
}

class Source {
 public:
  explicit Source(const std::filesystem::path& path) : reader_(path), budget_(most_inflated(reader_.bytes())) {}

  PlainGroup read() { return group(reader_.root(), "", 0); }

 private:
  PlainGroup group(const RawGroup& raw, const std::string& name, int depth) {
    constexpr int kDeepest = 16;  // hard links can make rings
    if (depth > kDeepest) fail(raw.name, "has too many groups within groups");
    PlainGroup result;
    result.name = name;
    for (const std::string& link : raw.links) {
      constexpr std::size_t kMost = 4'000'000;
      if (++visited_ > kMost) fail(reader_.name(), "holds more than " + std::to_string(kMost) + " objects");
      const Handle object(
          opened(H5Oopen(raw.id.id(), link.c_str(), H5P_DEFAULT), raw.name + (depth == 0 ? ", /" : "/") + link));
      const H5I_type_t kind = H5Iget_type(object.id());
      if (kind == H5I_GROUP) result.groups.push_back(child(raw, link, depth));
      if (kind == H5I_DATASET) result.datasets.push_back(dataset(raw, link));
    }
    add_attributes(raw, result);
    return result;
  }

  PlainGroup child(const RawGroup& parent, const std::string& link, int depth) {
    try {
      return group(reader_.group(parent, link), link, depth + 1);
    } catch (const InputError& error) {
      PlainGroup result;
      result.name = link;
      result.trouble = error.what();
      return result;
    }
  }

  PlainDataset dataset(const RawGroup& parent, const std::string& link) {
    PlainDataset result;
    result.name = link;
    try {
      const RawDataset set = reader_.dataset(parent, link);
      result.dims.assign(set.dims.begin(), set.dims.end());
      const Handle type(opened(H5Dget_type(set.id.id()), set.name));
      result.is_table = H5Tget_class(type.id()) == H5T_COMPOUND && set.dims.size() == 1;
      if (result.is_table) {
        add_columns(set, type.id(), result);
      } else {
        result.columns.push_back(array(set, type.id()));
      }
    } catch (const InputError& error) {
      result.trouble = error.what();
      result.columns.clear();
      result.dims.clear();
    }
    return result;
  }

  static std::uint64_t count_of(const RawDataset& set) {
    std::uint64_t count = 1;  // Reader::dataset() has seen that this is no more than the file can hold
    for (const hsize_t dim : set.dims) count *= dim;
    return count;
  }

  PlainValues array(const RawDataset& set, hid_t type) {
    PlainValues values;
    values.kind = kind_of(type);
    values.count = count_of(set);
    const haddr_t offset = H5Dget_offset(set.id.id());
    const bool as_it_is = H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F64LE) > 0;
    if (as_it_is && offset != HADDR_UNDEF && H5Dget_storage_size(set.id.id()) == values.count * size_of(values.kind)) {
      values.in_file = true;
      values.offset = offset;
      return values;
    }
    take(values, type, set.name, [&](hid_t memory, void* to) { reader_.read(set, memory, to); });
    return values;
  }

  void add_columns(const RawDataset& set, hid_t type, PlainDataset& result) {
    const int members = H5Tget_nmembers(type);
    for (int member = 0; member < members; ++member) {
      const auto number = static_cast<unsigned>(member);
      char* const text = H5Tget_member_name(type, number);
      if (text == nullptr) continue;
      PlainValues& values = result.columns.emplace_back();
      values.name = text;
      H5free_memory(text);
      const Handle stored(opened(H5Tget_member_type(type, number), set.name));
      values.kind = kind_of(stored.id());
      values.count = set.dims[0];
      take(values, stored.id(), set.name, [&](hid_t memory, void* to) {
        const Handle row(opened(H5Tcreate(H5T_COMPOUND, H5Tget_size(memory)), set.name));
        done(H5Tinsert(row.id(), values.name.c_str(), 0, memory), set.name);
        reader_.read(set, row.id(), to);
      });
    }
  }

  void add_attributes(const RawGroup& raw, PlainGroup& result) {
    std::vector<std::string> names;
    const auto note = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    done(H5Aiterate2(raw.id.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, note, &names), raw.name);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string place = raw.name + ", attribute '" + name + "'";
      const Handle attribute(opened(H5Aopen(raw.id.id(), name.c_str(), H5P_DEFAULT), place));
      const Handle space(opened(H5Aget_space(attribute.id()), place));
      const Handle type(opened(H5Aget_type(attribute.id()), place));
      PlainValues& values = result.attributes.emplace_back();
      values.name = name;
      const hssize_t count = H5Sget_simple_extent_npoints(space.id());
      if (count != 1) continue;  // not a single value: of no use here
      if (H5Tget_size(type.id()) > H5Aget_storage_size(attribute.id())) fail(place, "claims more data than it has");
      values.kind = kind_of(type.id());
      values.count = 1;
      take(values, type.id(), place, [&](hid_t memory, void* to) { done(H5Aread(attribute.id(), memory, to), place); });
    }
  }

  /// Fills in the elements of values.kind.
  void take(PlainValues& values, hid_t type, const std::string& place, const Fetch& fetch) {
    if (values.kind == Kind::other || (values.kind != Kind::text && values.count == 0)) return;
    if (values.kind == Kind::text) return take_texts(values, type, place, fetch);
    const std::size_t size = values.count * size_of(values.kind);
    charge(size, place);
    values.bytes.resize(size);
    if (H5Tget_class(type) != H5T_ENUM) return fetch(memory_type(values.kind), values.bytes.data());
    // HDF5 converts an enumeration to no integer but its own.
    fetch(type, values.bytes.data());
    const Handle plain(opened(H5Tget_super(type), place));
    done(H5Tconvert(plain.id(), H5T_NATIVE_INT64, values.count, values.bytes.data(), nullptr, H5P_DEFAULT), place);
  }

  void take_texts(PlainValues& values, hid_t type, const std::string& place, const Fetch& fetch) {
    const bool variable = H5Tis_variable_str(type) > 0;
    const std::size_t size = H5Tget_size(type);
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(values.count, size, &bytes)) bytes = budget_ + 1;
    charge(bytes, place);
    if (values.count == 0) return;
    if (variable) {
      std::vector<char*> raw(values.count, nullptr);
      fetch(type, raw.data());  // what HDF5 allocates is left to the end of the process
      for (const char* const text : raw) {
        charge(text == nullptr ? 0 : std::strlen(text), place);
        values.texts.emplace_back(text == nullptr ? "" : text);
      }
      return;
    }
    std::string raw(bytes, '\0');
    fetch(type, raw.data());
    for (std::size_t at = 0; at < bytes; at += size) {
      values.texts.emplace_back(raw.data() + at, ::strnlen(raw.data() + at, size));
    }
  }

  void charge(std::uint64_t bytes, const std::string& place) {
    if (bytes > budget_) fail(place, "holds far more than the file has bytes");
    budget_ -= bytes;
  }

  RawReader reader_;
  std::uint64_t budget_;  ///< bytes that may still be read
  std::size_t visited_ = 0;
};

}  // namespace

PlainGroup read_through_hdf5(const std::filesystem::path& path) {
  const SilentErrors silent;
  return Source(path).read();
}

}  // namespace kintsugi::h5
