#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// Free-text facts on where a problem came from; root attributes of problem.h5.
using Provenance = std::map<std::string, std::string>;

/// Writes problem.h5 as a whole (see write_file_atomically). Not collective.
/// /pieces/<index>/weight [out, in], /pieces/<index>/bias [out] (absent without bias), attribute `source`;
/// /data/inputs [N, d], /data/predictions [N, k], /data/targets [N, k], each where given;
/// the parts of the network in the same way, a gain or scale [d], with the attributes `part` (norm, gate, scale) and
/// `of` (index of the piece that it belongs to); root attributes format, format_version, activation, norm and norm_eps
/// where there is one, and `provenance`.
/// A piece or data set whose values are all float32 values is stored as float32, else as float64.
/// No time stamps: equal content gives equal bytes.
/// Throws UsageError where `path` cannot be a file, InternalError where the disk does not take it; nothing is left at
/// `path` then, or what was there before.
void write_problem(const std::filesystem::path& path, const NetworkF64& network, const RowsF64& rows,
                   const Provenance& provenance);

/// An open problem.h5. Opening checks format, version and the data sets' shapes; pieces and numbers are checked as they
/// are read (finite, types, sizes before allocating). Not collective: each rank opens its own. MPI need not run. Every
/// member throws InputError that names the file, the object and the rule.
class ProblemFile final : public RowSource {
 public:
  explicit ProblemFile(const std::filesystem::path& path);
  ~ProblemFile() override;
  ProblemFile(const ProblemFile&) = delete;
  ProblemFile& operator=(const ProblemFile&) = delete;

  /// Without predictions there are no rows, and the pieces' shapes give width and outputs.
  [[nodiscard]] RowShape shape() const override;
  [[nodiscard]] Activation activation() const;
  [[nodiscard]] Provenance provenance() const;
  [[nodiscard]] bool has_targets() const;
  [[nodiscard]] bool has_predictions() const { return shape().rows > 0; }

  /// All pieces in ascending order of their index, which run from 0 without a gap; float16 and float64 are converted.
  /// Parts (norms, gates, scales) are folded into the pieces that they belong to.
  [[nodiscard]] Network network() const;
  [[nodiscard]] NetworkF64 network_f64() const;
  /// With its parts, as the file has them.
  [[nodiscard]] NetworkF64 unfolded_network() const;

  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override;
  /// Rows [first, first + count) in float64, targets included where the file has them.
  [[nodiscard]] RowsF64 read_f64(std::size_t first, std::size_t count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The fingerprint that problem_fingerprint(problem.network(), problem) gives, also where numbers are too large for
/// float32; `network` is problem.network_f64(). Throws InputError that names the file, the object and the rule.
[[nodiscard]] ProblemFingerprint problem_fingerprint(const NetworkF64& network, const ProblemFile& problem);

}  // namespace kintsugi
