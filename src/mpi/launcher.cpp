#include "mpi/launcher.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "kintsugi/core/error.hpp"

namespace kintsugi::mpi {

namespace {

/// Beginnings of the variables by which launchers tell a process of the others: Open MPI's mpirun, PMIx, PMI of MPICH,
/// Intel MPI and Slurm, Hydra, Cray's ALPS and PALS.
constexpr std::array kOfLaunchers =
    std::to_array<std::string_view>({"OMPI_COMM_WORLD_", "PMIX_RANK", "PMIX_NAMESPACE", "PMIX_SERVER_", "PMI_", "HYDI_",
                                     "MPI_LOCAL", "ALPS_", "PALS_"});

struct Setting {
  const char* name;
  const char* value;
};

constexpr const char* kIsolated = "OMPI_MCA_ess_singleton_isolated";

/// Open MPI's own settings for a rank that nobody launched: no daemon beside it, messages only to itself. Isolated
/// ranks would all have the same session folder, which one removes while another makes it; alone, none is needed. Nor
/// are the machine's devices, which hwloc asks one by one, and which may take their time.
constexpr std::array<Setting, 5> kAlone{{{kIsolated, "1"},
                                         {"OMPI_MCA_orte_create_session_dirs", "0"},
                                         {"OMPI_MCA_pml", "ob1"},
                                         {"OMPI_MCA_btl", "self"},
                                         {"HWLOC_COMPONENTS", "-pci,-linuxio,-opengl"}}};

// NOLINTBEGIN(concurrency-mt-unsafe): there is one thread before MPI starts
const char* value_of(const char* name) { return std::getenv(name); }

bool launched() {
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view variable(*each);
    if (std::ranges::any_of(kOfLaunchers, [&](std::string_view start) { return variable.starts_with(start); })) {
      return true;
    }
  }
  return false;
}

std::optional<long> number_of(const char* name) {
  const char* const text = value_of(name);
  if (text == nullptr) return std::nullopt;
  long number = 0;
  const char* const end = text + std::strlen(text);
  if (const auto [at, error] = std::from_chars(text, end, number); error != std::errc() || at != end) {
    return std::nullopt;
  }
  return number;
}

/// "NAME=VALUE" of the variable that tells of other processes; nothing where none does.
std::string sign_of_others() {
  struct Sign {
    const char* name;
    long alone;  ///< the highest value that a process alone may have
  };
  constexpr std::array<Sign, 6> kSigns{{{"OMPI_COMM_WORLD_SIZE", 1},
                                        {"PMI_SIZE", 1},
                                        {"MPI_LOCALNRANKS", 1},
                                        {"PMIX_RANK", 0},
                                        {"PMI_RANK", 0},
                                        {"SLURM_STEP_NUM_TASKS", 1}}};
  // Slurm tells of the step around mpirun, too.
  const bool by_mpirun = value_of("OMPI_COMM_WORLD_SIZE") != nullptr;
  for (const Sign& sign : kSigns) {
    if (by_mpirun && std::string_view(sign.name) == "SLURM_STEP_NUM_TASKS") continue;
    if (number_of(sign.name).value_or(0) > sign.alone) return std::string(sign.name) + "=" + value_of(sign.name);
  }
  return {};
}

}  // namespace

void prefer_start_alone() {
  if (launched() || value_of(kIsolated) != nullptr) return;
  for (const Setting& setting : kAlone) ::setenv(setting.name, setting.value, /*overwrite=*/0);
}
// NOLINTEND(concurrency-mt-unsafe)

void require_right_launcher(int ranks) {
  if (ranks > 1) return;
  const std::string sign = sign_of_others();
  if (sign.empty()) return;
  throw UsageError("a launcher started several processes (" + sign +
                   "), but MPI has one rank here: they do not see each other, and each would do all the work and write "
                   "the same files. Start with the mpirun of the MPI that kintsugi was built with, or srun --mpi=pmix; "
                   "for runs of their own take the variable out of the environment (env -u " +
                   sign.substr(0, sign.find('=')) + ")");
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "unknown";
  const std::string whole(text.data(), static_cast<std::size_t>(length));
  return whole.substr(0, whole.find_first_of(",\n"));
}

}  // namespace kintsugi::mpi
