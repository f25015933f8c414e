#pragma once

#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace kintsugi::testing {

/// The file's bytes.
inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Changes a file behind kintsugi's back, with plain HDF5 calls.
class Hdf5Editor {
 public:
  explicit Hdf5Editor(const std::filesystem::path& path)
      : file_(check(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT))) {}
  ~Hdf5Editor() { H5Fclose(file_); }
  Hdf5Editor(const Hdf5Editor&) = delete;
  Hdf5Editor& operator=(const Hdf5Editor&) = delete;

  [[nodiscard]] hid_t file() const { return file_; }

  void remove(const std::string& link) { check(H5Ldelete(file_, link.c_str(), H5P_DEFAULT)); }
  void rename(const std::string& from, const std::string& to) {
    check(H5Lmove(file_, from.c_str(), file_, to.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  }
  void remove_attribute(const std::string& name) { check(H5Adelete(file_, name.c_str())); }

  /// Stores float64 `values` as `type`, in chunks compressed by gzip where `chunk` is not 0.
  void dataset(const std::string& name, const std::vector<hsize_t>& dims, const std::vector<double>& values,
               hid_t type = H5T_IEEE_F64LE, hsize_t chunk = 0) {
    const hid_t space = check(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
    const hid_t options = check(H5Pcreate(H5P_DATASET_CREATE));
    if (chunk != 0) {
      std::vector<hsize_t> chunks(dims);
      chunks[0] = chunk;
      check(H5Pset_chunk(options, static_cast<int>(chunks.size()), chunks.data()));
      check(H5Pset_deflate(options, 9));
    }
    const hid_t set = check(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, options, H5P_DEFAULT));
    if (!values.empty()) check(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
    H5Dclose(set);
    H5Pclose(options);
    H5Sclose(space);
  }

  /// A text of fixed length as root attribute, as many programs write them.
  void fixed_text(const std::string& name, const std::string& value) {
    const hid_t type = check(H5Tcopy(H5T_C_S1));
    check(H5Tset_size(type, value.size()));
    const hid_t space = check(H5Screate(H5S_SCALAR));
    const hid_t attribute = check(H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    check(H5Awrite(attribute, type, value.data()));
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

  /// A text of variable length as root attribute, as h5py writes them.
  void variable_text(const std::string& name, const std::string& value) {
    const hid_t type = check(H5Tcopy(H5T_C_S1));
    check(H5Tset_size(type, H5T_VARIABLE));
    const hid_t space = check(H5Screate(H5S_SCALAR));
    const hid_t attribute = check(H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    const char* const text = value.c_str();
    check(H5Awrite(attribute, type, &text));
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

  void integer(const std::string& name, int value) {
    const hid_t space = check(H5Screate(H5S_SCALAR));
    const hid_t attribute = check(H5Acreate2(file_, name.c_str(), H5T_STD_I32BE, space, H5P_DEFAULT, H5P_DEFAULT));
    check(H5Awrite(attribute, H5T_NATIVE_INT, &value));
    H5Aclose(attribute);
    H5Sclose(space);
  }

  /// IEEE float16, as h5py stores numpy.float16.
  [[nodiscard]] static hid_t float16() {
    const hid_t type = check(H5Tcopy(H5T_IEEE_F32LE));
    check(H5Tset_fields(type, 15, 10, 5, 0, 10));
    check(H5Tset_size(type, 2));
    check(H5Tset_ebias(type, 15));
    return type;
  }

  static hid_t check(hid_t result) {
    if (result < 0) throw std::runtime_error("HDF5 call of the test failed");
    return result;
  }

 private:
  hid_t file_;
};

}  // namespace kintsugi::testing
