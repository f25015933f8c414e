#include "io/hdf5_columns.hpp"

#include <algorithm>
#include <array>

#include "io/hdf5_checks.hpp"

namespace kintsugi::h5 {

namespace {

constexpr std::array kNumbers{Kind::real32, Kind::real64, Kind::integer, Kind::natural};
constexpr std::array kIntegers{Kind::integer, Kind::natural};
constexpr std::array kTexts{Kind::text};

bool is_one_of(Kind kind, std::span<const Kind> kinds) { return std::ranges::find(kinds, kind) != kinds.end(); }

std::string dimensions_text(std::span<const std::size_t> dims) {
  std::string text;
  for (const std::size_t dim : dims) text += (text.empty() ? "[" : ", ") + std::to_string(dim);
  return text + "]";
}

/// Opens an array of one of `kinds` with exactly these dimensions.
Dataset open_array(const Reader& reader, const Group& parent, const std::string& name,
                   std::span<const std::size_t> dims, std::span<const Kind> kinds) {
  Dataset set = reader.dataset(parent, name);
  if (set.content->is_table || !is_one_of(set.content->columns.front().kind, kinds)) {
    fail(set.name, "is of the wrong type");
  }
  if (!std::ranges::equal(set.dims, dims)) {
    fail(set.name, "has the shape " + dimensions_text(set.dims) + " instead of " + dimensions_text(dims));
  }
  return set;
}

}  // namespace

Columns::Columns(const Reader& reader, const Group& parent, const std::string& name)
    : set_(reader.dataset(parent, name)) {
  if (!set_.content->is_table) fail(set_.name, "is not a table");
}

const PlainValues* Columns::find(const std::string& column) const {
  const auto found = std::ranges::find(set_.content->columns, column, &PlainValues::name);
  return found == set_.content->columns.end() ? nullptr : &*found;
}

bool Columns::has(const std::string& column) const { return find(column) != nullptr; }

const PlainValues& Columns::column(const std::string& name, std::span<const Kind> kinds) const {
  const PlainValues* const values = find(name);
  if (values == nullptr) fail(set_.name, "has no column '" + name + "'");
  if (!is_one_of(values->kind, kinds)) fail(set_.name, "column '" + name + "' is of the wrong type");
  return *values;
}

std::vector<double> Columns::reals(const std::string& column) const {
  std::vector<double> values(rows());
  copy_reals(this->column(column, kNumbers), 0, values);
  return values;
}

std::vector<std::int64_t> Columns::integers(const std::string& column) const {
  return copy_integers(this->column(column, kIntegers));
}

std::vector<std::int64_t> Columns::codes(const std::string& column) const {
  constexpr std::array kCodes{Kind::integer, Kind::natural, Kind::text};
  const PlainValues& values = this->column(column, kCodes);
  if (values.kind != Kind::text) return copy_integers(values);
  std::vector<std::int64_t> codes;
  codes.reserve(values.texts.size());
  for (const std::string& text : values.texts) {
    if (text.size() > 1) fail(set_.name, "column '" + column + "' is no text of one byte");
    codes.push_back(text.empty() ? 0 : static_cast<unsigned char>(text.front()));
  }
  return codes;
}

std::vector<std::string> Columns::texts(const std::string& column) const { return this->column(column, kTexts).texts; }

std::vector<double> read_reals(const Reader& reader, const Group& parent, const std::string& name,
                               std::span<const std::size_t> dims) {
  const Dataset set = open_array(reader, parent, name, dims, kNumbers);
  std::vector<double> values(set.count());
  reader.read(set, 0, values);
  return values;
}

std::vector<int> read_integers(const Reader& reader, const Group& parent, const std::string& name,
                               std::span<const std::size_t> dims) {
  return as_ints(reader.integers(open_array(reader, parent, name, dims, kIntegers)), parent.name + "/" + name);
}

std::vector<int> as_ints(std::span<const std::int64_t> values, const std::string& place) {
  std::vector<int> ints;
  ints.reserve(values.size());
  for (const std::int64_t value : values) {
    ints.push_back(static_cast<int>(value));
    if (ints.back() != value) fail(place, "holds " + std::to_string(value) + ", which is too large");
  }
  return ints;
}

}  // namespace kintsugi::h5
