#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/hdf5.hpp"

namespace kintsugi::h5 {

/// A group open for reading.
struct RawGroup {
  Handle id;
  std::string name;                ///< "FILE, /path": for messages
  std::vector<std::string> links;  ///< names of what is in it, in the order of their bytes

  [[nodiscard]] bool has(const std::string& link) const;
};

/// A data set open for reading, checked against the bytes that the file really has.
struct RawDataset {
  Handle id;
  std::string name;  ///< "FILE, /path": for messages
  std::vector<hsize_t> dims;
};

/// What becomes of soft links, which name another object of the file. External ones are refused.
enum class SoftLinks { refused, followed };

/// A file open for reading through HDF5, which a damaged or crafted file makes crash, loop or take endless memory: only
/// in a child process (io/in_child.hpp). Every member throws InputError that names the file, the object and the rule.
class RawReader {
 public:
  explicit RawReader(const std::filesystem::path& path, SoftLinks soft_links = SoftLinks::refused);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const RawGroup& root() const { return root_; }

  /// Refuses a group that links to anything outside itself.
  [[nodiscard]] RawGroup group(const RawGroup& parent, const std::string& name) const;
  /// Refuses what is stored outside the file, and dimensions that claim more than the file can hold: what is read is
  /// bounded by the file's size.
  [[nodiscard]] RawDataset dataset(const RawGroup& parent, const std::string& name) const;
  /// Reads all elements into `values`, laid out as `memory_type`.
  void read(const RawDataset& dataset, hid_t memory_type, void* values) const;
  /// Bytes of the file.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::string name_;
  SoftLinks soft_links_;
  std::uint64_t bytes_ = 0;
  Handle file_;
  Handle transfer_;
  RawGroup root_;
};

}  // namespace kintsugi::h5
