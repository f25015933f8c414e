#pragma once

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The part of the HDF5 C API that kintsugi's files need, in owned handles and exceptions. Serial access only: works
/// before MPI_Init and without it.
namespace kintsugi::h5 {

/// Owns one HDF5 identifier of any kind.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }

  [[nodiscard]] hid_t id() const { return id_; }

 private:
  hid_t id_ = -1;
};

/// Keeps HDF5 from printing its error stack while it lives; errors are thrown instead. Every public entry to a file
/// holds one.
class SilentErrors {
 public:
  SilentErrors();
  ~SilentErrors();
  SilentErrors(const SilentErrors&) = delete;
  SilentErrors& operator=(const SilentErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// The innermost message on HDF5's error stack, after a call that failed.
[[nodiscard]] std::string last_error();

/// Text of a fixed length in bytes, UTF-8, padded with zeros: texts of variable length live in a heap whose damage HDF5
/// does not survive.
[[nodiscard]] Handle text_type(std::size_t length);
/// h5py's bool: an enumeration of FALSE and TRUE over int8.
[[nodiscard]] Handle bool_type();
/// An enumeration of the events in words; the values are their letters.
[[nodiscard]] Handle event_type();

/// An HDF5 file that is built in memory, so that no failing disk can catch HDF5 half-way. No time stamps: equal content
/// gives equal bytes. Every member throws InternalError where HDF5 fails.
class Image {
 public:
  /// `size_hint`: expected bytes of the file.
  explicit Image(std::size_t size_hint);

  [[nodiscard]] hid_t root() const { return file_.id(); }
  [[nodiscard]] Handle group(hid_t parent, const std::string& name);
  /// `values` holds the elements of all `dims` in `memory_type`; they are stored as `file_type`.
  void dataset(hid_t parent, const std::string& name, std::span<const hsize_t> dims, hid_t file_type, hid_t memory_type,
               const void* values);
  /// A text that is longer than an attribute may be is cut, and ends in "...".
  void attribute(hid_t object, const std::string& name, const std::string& value);
  void attribute(hid_t object, const std::string& name, std::int64_t value);
  void attribute(hid_t object, const std::string& name, std::uint64_t value);
  void attribute(hid_t object, const std::string& name, double value);

  /// The bytes of the finished file, without a checksum. Nothing can be added after it.
  [[nodiscard]] std::vector<char> finish();
  /// The same, and the line with their checksum (io/file_sum.hpp).
  [[nodiscard]] std::string finish_with_sum();
  /// The same, given away in parts.
  void finish_with_sum(const std::function<void(std::string_view)>& take);

 private:
  void attribute(hid_t object, const std::string& name, hid_t type, const void* value);
  /// Bytes of the file, which is complete.
  [[nodiscard]] std::size_t size();
  void copy_to(std::span<char> bytes);

  Handle file_;
  Handle group_options_;
  Handle dataset_options_;
  Handle scalar_;
};

}  // namespace kintsugi::h5
