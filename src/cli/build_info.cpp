#include "cli/build_info.hpp"

#include <unistd.h>

#include <array>

namespace kintsugi::cli {

namespace {

std::string vector_instructions() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__) && defined(__FMA__)
  return "AVX2 and FMA";
#elif defined(__AVX__)
  return "AVX";
#elif defined(__SSE2__)
  return "SSE2";
#elif defined(__ARM_FEATURE_SVE)
  return "SVE";
#elif defined(__ARM_NEON)
  return "NEON";
#else
  return "no vector instructions known";
#endif
}

}  // namespace

std::string build_description() {
  std::string text = std::string(KINTSUGI_BUILD_TYPE) + ", " + KINTSUGI_COMPILER + ", ";
  const std::string flags = KINTSUGI_BUILD_FLAGS;
  if (!flags.empty()) text += flags + ", ";
  return text + vector_instructions();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace kintsugi::cli
