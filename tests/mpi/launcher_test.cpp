#include "mpi/launcher.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kintsugi/core/error.hpp"

namespace kintsugi::mpi {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// The environment without what launchers and this program set, and then what the test says; back to what it was at the
/// end.
class WithEnvironment {
 public:
  explicit WithEnvironment(const Variables& variables) {
    for (char** each = environ; *each != nullptr; ++each) before_.emplace_back(*each);
    clearenv();
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  ~WithEnvironment() {
    clearenv();
    for (const std::string& each : before_) {
      const std::size_t at = each.find('=');
      setenv(each.substr(0, at).c_str(), each.substr(at + 1).c_str(), 1);
    }
  }
  WithEnvironment(const WithEnvironment&) = delete;
  WithEnvironment& operator=(const WithEnvironment&) = delete;

 private:
  std::vector<std::string> before_;
};

std::string value_of(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "(none)" : value;
}

TEST(Launcher, AProcessAloneNeedsNoDaemon) {
  const WithEnvironment environment(Variables{{"PATH", "/usr/bin"}});
  prefer_start_alone();
  EXPECT_EQ(value_of("OMPI_MCA_ess_singleton_isolated"), "1");
  EXPECT_EQ(value_of("OMPI_MCA_pml"), "ob1");
  EXPECT_EQ(value_of("OMPI_MCA_btl"), "self");
  EXPECT_EQ(value_of("HWLOC_COMPONENTS"), "-pci,-linuxio,-opengl");
}

TEST(Launcher, WhatIsSetStays) {
  const WithEnvironment environment(Variables{{"OMPI_MCA_btl", "tcp,self"}});
  prefer_start_alone();
  EXPECT_EQ(value_of("OMPI_MCA_btl"), "tcp,self");
  EXPECT_EQ(value_of("OMPI_MCA_pml"), "ob1");
}

TEST(Launcher, WhoDecidesOnIsolationDecidesOnAll) {
  const WithEnvironment environment(Variables{{"OMPI_MCA_ess_singleton_isolated", "0"}});
  prefer_start_alone();
  EXPECT_EQ(value_of("OMPI_MCA_ess_singleton_isolated"), "0");
  EXPECT_EQ(value_of("OMPI_MCA_orte_create_session_dirs"), "(none)");
  EXPECT_EQ(value_of("OMPI_MCA_btl"), "(none)");
}

TEST(Launcher, UnderALauncherNothingIsSet) {
  for (const char* const name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"}) {
    const WithEnvironment environment(Variables{{name, "0"}});
    prefer_start_alone();
    EXPECT_EQ(value_of("OMPI_MCA_btl"), "(none)") << name;
  }
}

TEST(Launcher, OthersThatAreNotSeenAreNamed) {
  for (const auto& [name, value] : Variables{{"PMI_SIZE", "2"},
                                             {"PMI_RANK", "1"},
                                             {"PMIX_RANK", "3"},
                                             {"OMPI_COMM_WORLD_SIZE", "4"},
                                             {"MPI_LOCALNRANKS", "2"},
                                             {"SLURM_STEP_NUM_TASKS", "8"}}) {
    const WithEnvironment environment(Variables{{name, value}});
    try {
      require_right_launcher(1);
      ADD_FAILURE() << name;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string_view(error.what()).find("(" + name + "=" + value + ")"), std::string_view::npos);
      EXPECT_NE(std::string_view(error.what()).find("env -u " + name), std::string_view::npos);
    }
    EXPECT_NO_THROW(require_right_launcher(2)) << name;
  }
}

TEST(Launcher, AloneByEverySignIsAlone) {
  for (const auto& variables : std::vector<Variables>{
           {},
           {{"PMI_SIZE", "1"}, {"PMI_RANK", "0"}},
           {{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "1"}},  // in a batch script, without srun
           {{"SLURM_STEP_NUM_TASKS", "8"}, {"OMPI_COMM_WORLD_SIZE", "1"}},         // mpirun -np 1 in a step
           {{"PMI_SIZE", "two"}}}) {
    const WithEnvironment environment(variables);
    EXPECT_NO_THROW(require_right_launcher(1));
  }
}

}  // namespace
}  // namespace kintsugi::mpi
