#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// Where the problems of a suite are: `path` itself, or what is in the folder: problem files (*.h5; other HDF5 files
/// are passed over), and folders with a problem.h5 or with pieces and their table. By name. Throws InputError where
/// there is none, or `path` cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> problems_of_suite(const std::filesystem::path& path);

/// A problem of a suite, open for a solve. A folder of pieces is imported for it, into a file beside the folder that
/// vanishes with this object.
class SuiteProblem {
 public:
  /// Collective. Throws InputError on all ranks alike where it cannot be read.
  SuiteProblem(const mpi::Comm& world, const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ProblemFile& rows() { return *rows_; }
  /// On rank 0; with an activation that was found by trying where pieces name none (collective, the first time).
  [[nodiscard]] const Network& network(const mpi::Comm& world, const SolveOptions& options, SolveObserver& observer);
  /// The answer in NAME.answer.txt or NAME.txt beside it, as positions in the network; on rank 0, none where there is
  /// no file. Throws InputError.
  [[nodiscard]] std::optional<Assembly> answer() const;

 private:
  /// A file that vanishes with this.
  struct Temporary {
    std::filesystem::path path;
    Temporary() = default;
    ~Temporary();
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
  };

  void import(const std::filesystem::path& folder);

  std::filesystem::path path_;
  std::string name_;
  Temporary temporary_;
  std::optional<ProblemFile> rows_;
  Network network_;
  bool activation_open_ = false;
};

}  // namespace kintsugi::cli
