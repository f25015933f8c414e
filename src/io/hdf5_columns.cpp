#include "io/hdf5_columns.hpp"

#include <algorithm>
#include <array>

#include "io/hdf5_checks.hpp"

namespace kintsugi::h5 {

namespace {

constexpr std::array<H5T_class_t, 3> kNumbers{H5T_FLOAT, H5T_INTEGER, H5T_ENUM};
constexpr std::array<H5T_class_t, 2> kIntegers{H5T_INTEGER, H5T_ENUM};
constexpr std::array<H5T_class_t, 1> kTexts{H5T_STRING};

/// HDF5 converts an enumeration to no integer but its own.
Handle without_names(Handle type) {
  return H5Tget_class(type.id()) == H5T_ENUM ? Handle(H5Tget_super(type.id())) : std::move(type);
}

/// The integers of `type`, of `size` bytes, at every `size` bytes of `raw`.
std::vector<std::int64_t> widen(std::vector<char> raw, hid_t type, std::size_t count, const std::string& place) {
  raw.resize(std::max(raw.size(), count * sizeof(std::int64_t)));
  done(H5Tconvert(type, H5T_NATIVE_INT64, count, raw.data(), nullptr, H5P_DEFAULT), place);
  const auto* const first = reinterpret_cast<const std::int64_t*>(raw.data());
  return {first, first + count};
}

std::string dimensions_text(std::span<const std::size_t> dims) {
  std::string text;
  for (const std::size_t dim : dims) text += (text.empty() ? "[" : ", ") + std::to_string(dim);
  return text + "]";
}

/// Opens an array of one of `classes` with exactly these dimensions; the number of its elements goes to `count`.
Dataset open_array(const Reader& reader, const Group& parent, const std::string& name,
                   std::span<const std::size_t> dims, std::span<const H5T_class_t> classes, std::size_t& count) {
  Dataset set = reader.dataset(parent, name);
  const Handle type(opened(H5Dget_type(set.id.id()), set.name));
  if (std::ranges::find(classes, H5Tget_class(type.id())) == classes.end()) fail(set.name, "is of the wrong type");
  if (!std::ranges::equal(set.dims, dims)) {
    const std::vector<std::size_t> found(set.dims.begin(), set.dims.end());
    fail(set.name, "has the shape " + dimensions_text(found) + " instead of " + dimensions_text(dims));
  }
  count = 1;
  for (const std::size_t dim : dims) count *= dim;
  return set;
}

}  // namespace

Columns::Columns(const Reader& reader, const Group& parent, const std::string& name)
    : reader_(reader), set_(reader.dataset(parent, name)), type_(opened(H5Dget_type(set_.id.id()), set_.name)) {
  if (H5Tget_class(type_.id()) != H5T_COMPOUND || set_.dims.size() != 1) fail(set_.name, "is not a table");
}

bool Columns::has(const std::string& column) const { return H5Tget_member_index(type_.id(), column.c_str()) >= 0; }

Handle Columns::member(const std::string& column, std::span<const H5T_class_t> classes) const {
  const int index = H5Tget_member_index(type_.id(), column.c_str());
  if (index < 0) fail(set_.name, "has no column '" + column + "'");
  Handle type(opened(H5Tget_member_type(type_.id(), static_cast<unsigned>(index)), set_.name));
  if (std::ranges::find(classes, H5Tget_class(type.id())) == classes.end()) {
    fail(set_.name, "column '" + column + "' is of the wrong type");
  }
  return type;
}

void Columns::read(const std::string& column, hid_t type, std::size_t size, void* values) const {
  if (rows() == 0) return;
  const Handle row(opened(H5Tcreate(H5T_COMPOUND, size), set_.name));
  done(H5Tinsert(row.id(), column.c_str(), 0, type), set_.name);
  reader_.read(set_, row.id(), values);
}

std::vector<double> Columns::reals(const std::string& column) const {
  const Handle type = member(column, kNumbers);
  if (H5Tget_class(type.id()) == H5T_ENUM) {
    const std::vector<std::int64_t> values = integers(column);
    return {values.begin(), values.end()};
  }
  std::vector<double> values(rows());
  read(column, H5T_NATIVE_DOUBLE, sizeof(double), values.data());
  return values;
}

std::vector<std::int64_t> Columns::integers(const std::string& column) const {
  const Handle type = member(column, kIntegers);
  const std::size_t size = H5Tget_size(type.id());
  std::vector<char> raw(rows() * size);
  read(column, type.id(), size, raw.data());
  const Handle plain = without_names(Handle(opened(H5Tcopy(type.id()), set_.name)));
  return widen(std::move(raw), plain.id(), rows(), set_.name);
}

std::vector<std::int64_t> Columns::codes(const std::string& column) const {
  constexpr std::array<H5T_class_t, 3> kCodes{H5T_INTEGER, H5T_ENUM, H5T_STRING};
  const Handle type = member(column, kCodes);
  if (H5Tget_class(type.id()) != H5T_STRING) return integers(column);
  if (H5Tis_variable_str(type.id()) > 0 || H5Tget_size(type.id()) != 1) {
    fail(set_.name, "column '" + column + "' is no text of one byte");
  }
  std::vector<char> raw(rows());
  read(column, type.id(), 1, raw.data());
  return {raw.begin(), raw.end()};
}

std::vector<std::string> Columns::texts(const std::string& column) const {
  const Handle type = member(column, kTexts);
  if (H5Tis_variable_str(type.id()) <= 0) fail(set_.name, "column '" + column + "' is no text of variable length");
  std::vector<char*> raw(rows(), nullptr);
  read(column, type.id(), sizeof(char*), raw.data());
  std::vector<std::string> values;
  for (const char* const text : raw) values.emplace_back(text == nullptr ? "" : text);
  if (!raw.empty()) {
    const hsize_t count = raw.size();
    const Handle space(H5Screate_simple(1, &count, nullptr));
    H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, raw.data());
  }
  return values;
}

std::vector<double> read_reals(const Reader& reader, const Group& parent, const std::string& name,
                               std::span<const std::size_t> dims) {
  constexpr std::array<H5T_class_t, 2> kReals{H5T_FLOAT, H5T_INTEGER};
  std::size_t count = 0;
  const Dataset set = open_array(reader, parent, name, dims, kReals, count);
  std::vector<double> values(count);
  if (count > 0) reader.read(set, H5T_NATIVE_DOUBLE, values.data());
  return values;
}

std::vector<int> read_integers(const Reader& reader, const Group& parent, const std::string& name,
                               std::span<const std::size_t> dims) {
  constexpr std::array<H5T_class_t, 1> kInteger{H5T_INTEGER};
  std::size_t count = 0;
  const Dataset set = open_array(reader, parent, name, dims, kInteger, count);
  std::vector<int> values(count);
  if (count > 0) reader.read(set, H5T_NATIVE_INT, values.data());
  return values;
}

}  // namespace kintsugi::h5
