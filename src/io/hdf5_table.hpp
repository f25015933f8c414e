#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "io/hdf5.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::h5 {

/// A row of a table (a compound type) as it lies in memory: members by name and offset. Stored packed.
class RowType {
 public:
  explicit RowType(std::size_t size) : type_(H5Tcreate(H5T_COMPOUND, size)) {}

  void add(const char* name, std::size_t offset, hid_t type) {
    if (H5Tinsert(type_.id(), name, offset, type) < 0) throw InternalError("HDF5 row type: " + last_error());
  }

  [[nodiscard]] hid_t id() const { return type_.id(); }

  [[nodiscard]] Handle packed() const {
    Handle copy(H5Tcopy(type_.id()));
    if (H5Tpack(copy.id()) < 0) throw InternalError("HDF5 row type: " + last_error());
    return copy;
  }

 private:
  Handle type_;
};

/// Writes a table of one dimension.
template <class Row>
void write_rows(Image& image, hid_t parent, const char* name, const RowType& type, std::span<const Row> rows) {
  const Handle packed = type.packed();
  image.dataset(parent, name, std::array<hsize_t, 1>{rows.size()}, packed.id(), type.id(), rows.data());
}

}  // namespace kintsugi::h5
