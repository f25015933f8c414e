#pragma once

namespace kintsugi::kernels {

/// While it lives, this thread's denormal floats count as zero (x86: FTZ and DAZ), which spares a factor of up to 80
/// where a state dies out. The previous setting comes back at the end.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned int saved_;
};

}  // namespace kintsugi::kernels
