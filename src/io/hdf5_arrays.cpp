#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <system_error>

#include "io/hdf5_checks.hpp"
#include "io/hdf5_raw.hpp"
#include "io/in_child.hpp"
#include "io/table_arrays.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using h5::Handle;

bool is_number(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_FLOAT || kind == H5T_INTEGER;
}

/// Walks a file and collects its arrays.
class ArrayReader {
 public:
  explicit ArrayReader(const std::filesystem::path& path)
      : reader_(path, h5::SoftLinks::followed), links_(h5::opened(H5Pcreate(H5P_LINK_ACCESS), path.string())) {
    // A soft link may lead to an external one.
    const auto refuse = [](const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) -> herr_t {
      return -1;
    };
    h5::done(H5Pset_elink_cb(links_.id(), refuse, nullptr), path.string());
    std::error_code ignored;
    budget_ = most_inflated(std::filesystem::file_size(path, ignored)) / sizeof(double);
  }

  std::vector<Tensor> read() {
    walk(reader_.root(), "", 0);
    return std::move(arrays_);
  }

 private:
  void walk(const h5::RawGroup& group, const std::string& path, int depth) {
    constexpr int kDeepest = 8;  // hard links can make rings
    constexpr std::size_t kMost = 100'000;
    if (depth > kDeepest) return;
    if (is_pandas_frame(group)) return read_pandas_frame(group, path);
    for (const std::string& link : group.links) {
      if (++visited_ > kMost)
        throw InputError(reader_.name() + ": holds more than " + std::to_string(kMost) + " objects");
      const std::string place = group.name + "/" + link;
      const Handle object(h5::opened(H5Oopen(group.id.id(), link.c_str(), links_.id()), place));
      if (!is_new(object, link, place)) continue;
      const H5I_type_t kind = H5Iget_type(object.id());
      const std::string name = path.empty() ? link : path + "/" + link;
      if (kind == H5I_GROUP) walk(reader_.group(group, link), name, depth + 1);
      if (kind == H5I_DATASET) read_dataset(group, link, name);
    }
  }

  /// Links may name one array several times; it is read once by each name.
  bool is_new(const Handle& object, const std::string& link, const std::string& place) {
    if (H5Iget_type(object.id()) != H5I_DATASET) return true;
    H5O_info_t info{};
    h5::done(H5Oget_info(object.id(), &info), place);
    return seen_.emplace(info.addr, link).second;
  }

  void read_dataset(const h5::RawGroup& group, const std::string& link, const std::string& name) {
    const h5::RawDataset set = reader_.dataset(group, link);
    const Handle type(H5Dget_type(set.id.id()));
    if (H5Tget_class(type.id()) == H5T_COMPOUND) return read_compound(set, type, name);
    if (!is_number(type.id()) || set.dims.empty() || set.dims.size() > 2) return;
    Tensor array = values_of(set, H5T_NATIVE_DOUBLE, name, {set.dims.begin(), set.dims.end()});
    // MATLAB counts columns first.
    if (H5Aexists(set.id.id(), "MATLAB_class") > 0 && array.shape.size() == 2) array = turned(array);
    arrays_.push_back(std::move(array));
  }

  Tensor values_of(const h5::RawDataset& set, hid_t memory_type, std::string name, std::vector<std::size_t> shape) {
    std::size_t count = 1;
    for (const std::size_t size : shape) {
      if (__builtin_mul_overflow(count, size, &count)) count = budget_ + 1;
    }
    if (count > budget_) throw InputError(set.name + ": holds far more numbers than the file has bytes");
    budget_ -= count;
    Tensor array{std::move(name), TensorType::float64, std::move(shape), std::vector<double>(count)};
    if (count > 0) reader_.read(set, memory_type, array.values.data());
    return array;
  }

  static Tensor turned(const Tensor& array) {
    const std::size_t rows = array.shape[1];
    const std::size_t columns = array.shape[0];
    Tensor result{array.name, array.type, {rows, columns}, std::vector<double>(array.values.size())};
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) result.values[r * columns + c] = array.values[c * rows + r];
    }
    if (columns == 1) result.shape = {rows};
    return result;
  }

  /// Each numeric member of a compound type is a column, or a block of columns. PyTables numbers its rows in `index`.
  void read_compound(const h5::RawDataset& set, const Handle& type, const std::string& path) {
    if (set.dims.size() != 1) return;
    const int members = H5Tget_nmembers(type.id());
    for (int member = 0; member < members; ++member) {
      char* const text = H5Tget_member_name(type.id(), static_cast<unsigned>(member));
      if (text == nullptr) continue;
      const std::string name = text;
      H5free_memory(text);
      if (name == "index") continue;
      const Handle stored(H5Tget_member_type(type.id(), static_cast<unsigned>(member)));
      std::vector<std::size_t> shape{set.dims[0]};
      Handle element(H5Tcopy(H5T_NATIVE_DOUBLE));
      if (H5Tget_class(stored.id()) == H5T_ARRAY) {
        hsize_t size = 0;
        const Handle base(H5Tget_super(stored.id()));
        if (H5Tget_array_ndims(stored.id()) != 1 || !is_number(base.id())) continue;
        H5Tget_array_dims2(stored.id(), &size);
        element = Handle(H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &size));
        shape.push_back(size);
      } else if (!is_number(stored.id())) {
        continue;
      }
      const Handle row(h5::opened(H5Tcreate(H5T_COMPOUND, H5Tget_size(element.id())), set.name));
      h5::done(H5Tinsert(row.id(), name.c_str(), 0, element.id()), set.name);
      arrays_.push_back(values_of(set, row.id(), path + "/" + name, std::move(shape)));
    }
  }

  /// pandas' DataFrame.to_hdf in its fixed format: blocks of columns of one type, each with the columns' names.
  static bool is_pandas_frame(const h5::RawGroup& group) {
    return group.has("block0_values") && group.has("block0_items");
  }

  void read_pandas_frame(const h5::RawGroup& group, const std::string& path) {
    for (std::size_t block = 0;; ++block) {
      const std::string start = "block" + std::to_string(block);
      if (!group.has(start + "_values") || !group.has(start + "_items")) return;
      const h5::RawDataset set = reader_.dataset(group, start + "_values");
      const Handle type(H5Dget_type(set.id.id()));
      if (!is_number(type.id()) || set.dims.size() != 2) continue;
      const Tensor values = values_of(set, H5T_NATIVE_DOUBLE, start, {set.dims.begin(), set.dims.end()});
      const std::vector<std::string> names = fixed_texts(group, start + "_items");
      if (names.size() != set.dims[1]) throw InputError(set.name + ": has not as many columns as there are names");
      for (std::size_t c = 0; c < names.size(); ++c) {
        Tensor column{path + "/" + names[c], TensorType::float64, {set.dims[0]}, {}};
        column.values.reserve(set.dims[0]);
        for (std::size_t r = 0; r < set.dims[0]; ++r) column.values.push_back(values.values[r * names.size() + c]);
        arrays_.push_back(std::move(column));
      }
    }
  }

  /// Texts of a fixed length, padded with zeros.
  std::vector<std::string> fixed_texts(const h5::RawGroup& group, const std::string& link) const {
    const h5::RawDataset set = reader_.dataset(group, link);
    const Handle type(H5Dget_type(set.id.id()));
    if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) != 0 || set.dims.size() != 1) {
      throw InputError(set.name + ": is not a list of texts of fixed length");
    }
    const std::size_t size = H5Tget_size(type.id());
    std::string letters(size * set.dims[0], '\0');
    if (!letters.empty()) reader_.read(set, type.id(), letters.data());
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < set.dims[0]; ++i) {
      const std::string text = letters.substr(i * size, size);
      texts.push_back(text.substr(0, std::min(text.find('\0'), size)));
    }
    return texts;
  }

  h5::RawReader reader_;
  Handle links_;
  std::set<std::pair<haddr_t, std::string>> seen_;
  std::size_t budget_ = 0;  // numbers that may still be read
  std::size_t visited_ = 0;
  std::vector<Tensor> arrays_;
};

}  // namespace

namespace {

template <class Number>
void append(std::vector<char>& bytes, const Number* values, std::size_t count) {
  const auto* const first = reinterpret_cast<const char*>(values);
  bytes.insert(bytes.end(), first, first + count * sizeof(Number));
}

/// Takes values off the front of what append() wrote.
class Bytes {
 public:
  explicit Bytes(std::span<const char> bytes) : rest_(bytes) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  template <class Number>
  void take(Number* values, std::size_t count) {
    std::memcpy(values, rest_.data(), count * sizeof(Number));
    rest_ = rest_.subspan(count * sizeof(Number));
  }
  [[nodiscard]] std::size_t size() {
    std::size_t value = 0;
    take(&value, 1);
    return value;
  }

 private:
  std::span<const char> rest_;
};

std::vector<char> pack(const std::vector<Tensor>& arrays) {
  std::vector<char> bytes;
  for (const Tensor& array : arrays) {
    const std::array<std::size_t, 3> sizes{array.name.size(), array.shape.size(), array.values.size()};
    append(bytes, sizes.data(), sizes.size());
    append(bytes, array.name.data(), array.name.size());
    append(bytes, array.shape.data(), array.shape.size());
    append(bytes, array.values.data(), array.values.size());
  }
  return bytes;
}

std::vector<Tensor> unpacked(std::span<const char> content) {
  std::vector<Tensor> arrays;
  for (Bytes bytes(content); !bytes.done();) {
    Tensor& array = arrays.emplace_back();
    array.type = TensorType::float64;
    array.name.resize(bytes.size());
    array.shape.resize(bytes.size());
    array.values.resize(bytes.size());
    bytes.take(array.name.data(), array.name.size());
    bytes.take(array.shape.data(), array.shape.size());
    bytes.take(array.values.data(), array.values.size());
  }
  return arrays;
}

}  // namespace

std::vector<Tensor> read_hdf5_arrays(const std::filesystem::path& path) {
  constexpr std::size_t kLibrary = std::size_t{256} << 20;  // HDF5's own caches and buffers
  constexpr std::size_t kBytesPerSecond = std::size_t{10} << 20;
  constexpr unsigned kSeconds = 20;
  constexpr unsigned kWallSeconds = 300;  // for a slow file system
  std::error_code ignored;
  const std::size_t most = most_inflated(std::filesystem::file_size(path, ignored));
  const ReadFile read = [](const std::string& file) {
    const h5::SilentErrors silent;
    return pack(ArrayReader(file).read());
  };
  // Three times: HDF5 and the arrays hold each number, and so does what is handed over.
  const ChildLimits limits{.memory = kLibrary + 3 * most,
                           .seconds = kSeconds + static_cast<unsigned>(most / 100 / kBytesPerSecond),
                           .wall_seconds = kWallSeconds,
                           .result = 2 * most};
  return unpacked(read_in_child(read, path.string(), limits));
}

}  // namespace kintsugi
