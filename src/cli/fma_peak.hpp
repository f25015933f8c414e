#pragma once

namespace kintsugi::cli {

/// Processor time of this thread: unlike wall time, it stands still while others have the core.
[[nodiscard]] double thread_seconds();

/// Multiply-adds of float32 on registers alone, as wide as this processor has them whatever the build was told: what
/// one core can do at most, and the measure for every kernel. Runs for about
/// `milliseconds` of processor time and returns GFLOP/s.
[[nodiscard]] double measure_fma_peak(double milliseconds);

}  // namespace kintsugi::cli
