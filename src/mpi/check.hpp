#pragma once

#include <mpi.h>

#include <string>
#include <string_view>

#include "kintsugi/core/error.hpp"

namespace kintsugi::mpi {

/// Throws InternalError that names the call and what MPI says of `result`, where that is an error.
inline void check(int result, std::string_view call) {
  if (result == MPI_SUCCESS) return;
  std::string text(MPI_MAX_ERROR_STRING, '\0');
  int length = 0;
  if (MPI_Error_string(result, text.data(), &length) != MPI_SUCCESS) length = 0;
  text.resize(static_cast<std::size_t>(length));
  throw InternalError(std::string(call) + " failed: " + text +
                      " (a rank, a node or the network between them may be lost)");
}

}  // namespace kintsugi::mpi
