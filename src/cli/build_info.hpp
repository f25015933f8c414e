#pragma once

#include <map>
#include <string>

namespace kintsugi::cli {

/// Build type, compiler, flags and the widest vector instructions they allow: "Release, GNU 12.2.0, -O3 -march=native,
/// AVX-512"; or, of several levels of kernels, the one in use: "Release, GNU 12.2.0, -O3, kernels for x86-64-v4".
[[nodiscard]] std::string build_description();

/// What this program can and what it stands on, as lines for --version.
[[nodiscard]] std::string features();

[[nodiscard]] std::string host_name();

/// Where, when and how a file was made; all empty where `told` is false.
struct Origin {
  std::string host;
  std::string date;    ///< now, UTC: "2026-01-31T12:00:00Z"
  std::string launch;  ///< this process's command line, and the batch job where there is one
};
[[nodiscard]] Origin origin_of_run(bool told);

/// The same with program and commit, as a problem.h5 has it: created_by, revision, and where `told` host, date, launch.
[[nodiscard]] std::map<std::string, std::string> provenance_of_run(bool told);

}  // namespace kintsugi::cli
