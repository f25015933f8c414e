#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5.hpp"

/// Reads tables and arrays of which only a part may be known, or which may hold more than is asked for.
namespace kintsugi::h5 {

/// A table (one dimension of a compound type), read column by column. Every member throws InputError that names the
/// table, the column and the rule.
class Columns {
 public:
  Columns(const Reader& reader, const Group& parent, const std::string& name);

  [[nodiscard]] std::size_t rows() const { return set_.dims[0]; }
  [[nodiscard]] bool has(const std::string& column) const;
  /// A column of numbers of any type.
  [[nodiscard]] std::vector<double> reals(const std::string& column) const;
  /// A column of integers of any size or booleans.
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& column) const;
  /// A column of integers, or of texts of one byte, as the bytes' values.
  [[nodiscard]] std::vector<std::int64_t> codes(const std::string& column) const;
  /// A column of texts of variable length.
  [[nodiscard]] std::vector<std::string> texts(const std::string& column) const;

 private:
  /// The column's own type, of one of `classes`.
  [[nodiscard]] Handle member(const std::string& column, std::span<const H5T_class_t> classes) const;
  void read(const std::string& column, hid_t type, std::size_t size, void* values) const;

  const Reader& reader_;
  Dataset set_;
  Handle type_;
};

/// All numbers of a data set with exactly these dimensions, as float64. Throws InputError that names the data set and
/// the rule.
[[nodiscard]] std::vector<double> read_reals(const Reader& reader, const Group& parent, const std::string& name,
                                             std::span<const std::size_t> dims);

/// The same for integers.
[[nodiscard]] std::vector<int> read_integers(const Reader& reader, const Group& parent, const std::string& name,
                                             std::span<const std::size_t> dims);

}  // namespace kintsugi::h5
