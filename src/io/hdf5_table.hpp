#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "io/hdf5.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi::h5 {

/// How a member of a row lies in memory. A std::int8_t holds a truth value, a const char* a text.
template <class Value>
[[nodiscard]] Handle memory_type() {
  if constexpr (std::is_same_v<Value, std::int8_t>) {
    return bool_type();
  } else if constexpr (std::is_same_v<Value, const char*>) {
    return text_type();
  } else if constexpr (std::is_same_v<Value, Event>) {
    return event_type();
  } else if constexpr (std::is_same_v<Value, std::int32_t>) {
    return Handle(H5Tcopy(H5T_NATIVE_INT32));
  } else if constexpr (std::is_same_v<Value, std::int64_t>) {
    return Handle(H5Tcopy(H5T_NATIVE_INT64));
  } else {
    static_assert(std::is_same_v<Value, double>);
    return Handle(H5Tcopy(H5T_NATIVE_DOUBLE));
  }
}

/// The columns of a table (a compound type), each by its name and the member of `Row` that holds it. Stored packed.
template <class Row>
class RowType {
 public:
  using Member = std::variant<std::int8_t Row::*, std::int32_t Row::*, std::int64_t Row::*, double Row::*,
                              const char * Row::*, Event Row::*>;
  struct Column {
    const char* name;
    Member member;
  };

  RowType(std::initializer_list<Column> columns) : type_(H5Tcreate(H5T_COMPOUND, sizeof(Row))) {
    for (const Column& column : columns) {
      std::visit([&](auto member) { add(column.name, member); }, column.member);
      names_.emplace_back(column.name);
    }
  }

  [[nodiscard]] hid_t id() const { return type_.id(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  [[nodiscard]] Handle packed() const {
    Handle copy(H5Tcopy(type_.id()));
    if (H5Tpack(copy.id()) < 0) throw InternalError("HDF5 row type: " + last_error());
    return copy;
  }

 private:
  template <class Value>
  void add(const char* name, Value Row::*member) {
    const Row row{};
    const auto offset = reinterpret_cast<const char*>(&(row.*member)) - reinterpret_cast<const char*>(&row);
    const Handle type = memory_type<Value>();
    if (H5Tinsert(type_.id(), name, static_cast<std::size_t>(offset), type.id()) < 0) {
      throw InternalError("HDF5 row type: " + last_error());
    }
  }

  Handle type_;
  std::vector<std::string> names_;
};

/// Writes a table of one dimension.
template <class Row>
void write_rows(Image& image, hid_t parent, const char* name, const RowType<Row>& type, const std::vector<Row>& rows) {
  const Handle packed = type.packed();
  image.dataset(parent, name, std::array<hsize_t, 1>{rows.size()}, packed.id(), type.id(), rows.data());
}

/// Reads one without texts, which Columns::texts() reads. Throws InputError where it is no table or lacks a column.
template <class Row>
[[nodiscard]] std::vector<Row> read_rows(const Reader& reader, const char* name, const RowType<Row>& type) {
  const Dataset set = reader.dataset(reader.root(), name);
  const Handle stored(H5Dget_type(set.id.id()));
  if (H5Tget_class(stored.id()) != H5T_COMPOUND || set.dims.size() != 1) {
    throw InputError(set.name + ": is not a table");
  }
  for (const std::string& column : type.names()) {
    if (H5Tget_member_index(stored.id(), column.c_str()) < 0) {
      throw InputError(set.name + ": has no column '" + column + "'");
    }
  }
  std::vector<Row> rows(set.dims[0]);
  if (!rows.empty()) reader.read(set, type.id(), rows.data());
  return rows;
}

}  // namespace kintsugi::h5
