#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "io/hdf5.hpp"
#include "io/hdf5_columns.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi::h5 {

/// How a member of a row is stored. A std::int8_t holds a truth value, a const char* a text of `length` bytes at most.
template <class Value>
[[nodiscard]] Handle stored_type(std::size_t length) {
  if constexpr (std::is_same_v<Value, std::int8_t>) {
    return bool_type();
  } else if constexpr (std::is_same_v<Value, const char*>) {
    return text_type(length);
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
struct RowType {
  using Member = std::variant<std::int8_t Row::*, std::int32_t Row::*, std::int64_t Row::*, double Row::*,
                              const char * Row::*, Event Row::*>;
  struct Column {
    const char* name;
    Member member;
  };
  RowType(std::initializer_list<Column> list) : columns(list) {}
  std::vector<Column> columns;
};

/// Rows as they are stored, column by column of each.
template <class Row>
class PackedRows {
 public:
  PackedRows(const RowType<Row>& type, const std::vector<Row>& rows) : rows_(rows) {
    for (const auto& column : type.columns) {
      std::visit([&](auto member) { measure(column.name, member); }, column.member);
    }
    type_ = Handle(H5Tcreate(H5T_COMPOUND, size_));
    for (const Field& field : fields_) {
      if (H5Tinsert(type_.id(), field.name, field.offset, field.type.id()) < 0) {
        throw InternalError("HDF5 row type: " + last_error());
      }
    }
    bytes_.assign(size_ * rows.size(), '\0');
    for (std::size_t c = 0; c < fields_.size(); ++c) {
      std::visit([&](auto member) { copy(fields_[c], member); }, type.columns[c].member);
    }
  }

  [[nodiscard]] hid_t type() const { return type_.id(); }
  [[nodiscard]] const void* data() const { return bytes_.data(); }

 private:
  struct Field {
    const char* name;
    std::size_t offset;
    Handle type;
  };

  template <class Value>
  void measure(const char* name, Value Row::*member) {
    std::size_t length = 0;
    if constexpr (std::is_same_v<Value, const char*>) {
      for (const Row& row : rows_) length = std::max(length, std::strlen(row.*member));
    }
    Handle type = stored_type<Value>(length);
    const std::size_t size = H5Tget_size(type.id());
    fields_.push_back({name, size_, std::move(type)});
    size_ += size;
  }

  template <class Value>
  void copy(const Field& field, Value Row::*member) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      char* const to = bytes_.data() + r * size_ + field.offset;
      const Value& value = rows_[r].*member;
      if constexpr (std::is_same_v<Value, const char*>) {
        std::memcpy(to, value, std::strlen(value));
      } else {
        std::memcpy(to, &value, sizeof(Value));
      }
    }
  }

  const std::vector<Row>& rows_;
  std::vector<Field> fields_;
  std::size_t size_ = 0;
  Handle type_;
  std::string bytes_;
};

/// Writes a table of one dimension.
template <class Row>
void write_rows(Image& image, hid_t parent, const char* name, const RowType<Row>& type, const std::vector<Row>& rows) {
  const PackedRows<Row> packed(type, rows);
  image.dataset(parent, name, std::array<hsize_t, 1>{rows.size()}, packed.type(), packed.type(), packed.data());
}

/// Reads one without texts and events, which Columns reads. Throws InputError where it is no table, lacks a column or
/// has one of another type.
template <class Row>
[[nodiscard]] std::vector<Row> read_rows(const Reader& reader, const char* name, const RowType<Row>& type) {
  const Columns table(reader, reader.root(), name);
  std::vector<Row> rows(table.rows());
  for (const auto& column : type.columns) {
    const auto fill = [&]<class Value>(Value Row::*member) {
      if constexpr (std::is_same_v<Value, double>) {
        const std::vector<double> values = table.reals(column.name);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i].*member = values[i];
      } else if constexpr (std::is_integral_v<Value>) {
        const std::vector<std::int64_t> values = table.integers(column.name);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i].*member = static_cast<Value>(values[i]);
      } else {
        throw InternalError("read_rows: reads numbers only");
      }
    };
    std::visit(fill, column.member);
  }
  return rows;
}

}  // namespace kintsugi::h5
