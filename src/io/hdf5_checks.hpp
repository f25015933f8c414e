#pragma once

#include <string>

#include "io/hdf5.hpp"
#include "kintsugi/core/error.hpp"

/// What the readers of HDF5 objects share.
namespace kintsugi::h5 {

[[noreturn]] inline void fail(const std::string& place, const std::string& rule) {
  throw InputError(place + ": " + rule);
}

/// Passes on an identifier that HDF5 gave; throws InputError with HDF5's reason where it gave none.
inline hid_t opened(hid_t id, const std::string& place) {
  if (id < 0) fail(place, "cannot be read: " + last_error());
  return id;
}

inline void done(herr_t result, const std::string& place) {
  if (result < 0) fail(place, "cannot be read: " + last_error());
}

}  // namespace kintsugi::h5
