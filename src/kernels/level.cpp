#include "kernels/level.hpp"

#include <array>
#include <string>

#include "kernels/code.hpp"
#include "kernels/generated.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels {

#if KINTSUGI_HAS_LEVELS
extern const Code code_x86_64_v2;
extern const Code code_x86_64_v3;
extern const Code code_x86_64_v4;
#else
extern const Code code_as_built;
#endif

namespace {

struct Level {
  std::string_view name;
  const Code* code;
  bool (*runs_here)();
  GeneratedFor generated;
};

// What is asked of the processor is what KintsugiLevels.cmake lets the compiler use.
#if KINTSUGI_HAS_LEVELS
bool runs_v2() { return true; }
bool runs_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}
bool runs_v4() {
  return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
constexpr std::array<Level, 3> kLevels{{
    {"x86-64-v2", &code_x86_64_v2, runs_v2, GeneratedFor::sse4},
    {"x86-64-v3", &code_x86_64_v3, runs_v3, GeneratedFor::avx2},
    {"x86-64-v4", &code_x86_64_v4, runs_v4, GeneratedFor::this_one},
}};
#else
constexpr std::array<Level, 1> kLevels{{{"", &code_as_built, [] { return true; }, GeneratedFor::this_one}}};
#endif

std::size_t highest_here() {
  std::size_t place = kLevels.size() - 1;
  while (!kLevels[place].runs_here()) --place;
  return place;
}

std::size_t& chosen() noexcept {
  static std::size_t place = highest_here();
  return place;
}

}  // namespace

std::vector<std::string_view> levels() {
  std::vector<std::string_view> names;
  names.reserve(kLevels.size());
  for (const Level& each : kLevels) names.push_back(each.name);
  return names;
}

std::size_t level() noexcept { return chosen(); }

void use_level(std::size_t place) {
  const Level& wanted = kLevels.at(place);
  if (!wanted.runs_here()) throw UsageError("this processor does not run " + std::string(wanted.name));
  if (place == chosen()) return;
  chosen() = place;
  generate_for(wanted.generated);
}

void use_level(std::string_view name) {
  std::string known;
  for (std::size_t place = 0; place < kLevels.size(); ++place) {
    if (kLevels[place].name == name) return use_level(place);
    known.append(known.empty() ? "" : ", ").append(kLevels[place].name);
  }
  throw UsageError("unknown level of processors '" + std::string(name) + "'; " +
                   (kLevels.size() == 1 ? "this build has code for one kind only" : "known are " + known));
}

const Code& code() noexcept { return *kLevels[chosen()].code; }

}  // namespace kintsugi::kernels
