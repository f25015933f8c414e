#include "cli/build_info.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "io/hdf5_version.hpp"
#include "kernels/gemm.hpp"
#include "kernels/level.hpp"
#include "kintsugi/core/version.hpp"
#include "mpi/launcher.hpp"
#include "report/contents.hpp"

namespace kintsugi::cli {

namespace {

std::string vector_instructions() {
  if (const std::string_view level = kernels::levels()[kernels::level()]; !level.empty()) {
    return "kernels for " + std::string(level);
  }
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

std::string features() {
  std::string text = "  build     " + build_description() + "\n";
  text += "  MPI       " + mpi::library_version() + "\n";
  text += "  HDF5      " + h5::library_version() + "\n";
  text += "  products  by " + std::string(kernels::to_string(kernels::gemm_backend())) + "\n";
  return text + "  pages     " + (report::html_available() ? "with D3" : "none: built without D3") + "\n";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

namespace {

/// The words of the command line, those with blanks in quotes.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text;
  for (std::string word; std::getline(file, word, '\0');) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"") == std::string::npos;
    text.append(text.empty() ? "" : " ").append(plain ? "" : "'").append(word).append(plain ? "" : "'");
  }
  return text;
}

}  // namespace

Origin origin_of_run(bool told) {
  if (!told) return {};
  Origin origin{host_name(), "", command_line()};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::array<char, 32> date{};
  if (gmtime_r(&now, &parts) != nullptr) {
    origin.date.assign(date.data(), std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (const char* const job = std::getenv("SLURM_JOB_ID")) origin.launch.append(", Slurm job ").append(job);
  return origin;
}

std::map<std::string, std::string> provenance_of_run(bool told) {
  std::map<std::string, std::string> provenance{{"created_by", "kintsugi " + version()}, {"revision", revision()}};
  if (!told) return provenance;
  const Origin origin = origin_of_run(true);
  provenance["host"] = origin.host;
  provenance["date"] = origin.date;
  provenance["launch"] = origin.launch;
  return provenance;
}

}  // namespace kintsugi::cli
