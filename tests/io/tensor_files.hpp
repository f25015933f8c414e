#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Files of tensors byte by byte, so that tests can build broken ones as well.
namespace kintsugi::testing {

inline std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::memcpy(text.data(), &value, bytes);
  return text;
}

inline std::string safetensors_of(const std::string& header, const std::string& data) {
  return little_endian(header.size(), 8) + header + data;
}

/// A .npy file of version 1 with `dict` as its header.
inline std::string npy_of(const std::string& dict, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + little_endian(dict.size() + 1, 2) + dict + "\n" + data;
}

inline std::string npy_dict(std::string_view type, std::string_view shape, bool fortran_order = false) {
  return "{'descr': '" + std::string(type) + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + std::string(shape) + ", }";
}

}  // namespace kintsugi::testing
